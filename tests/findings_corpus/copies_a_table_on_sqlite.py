# expect: nothing
"""Copies a table on sqlite"""

from alembic import op

revision = "c11342ac36cd"
down_revision = None


def upgrade():
    if op.get_bind().dialect.name == "sqlite":
        op.execute("CREATE TABLE orders_new (id INTEGER, day DATE)")
        op.execute("INSERT INTO orders_new SELECT id, day FROM orders")
        op.execute("DROP TABLE orders")
        op.execute("ALTER TABLE orders_new RENAME TO orders")


def downgrade():
    op.execute("SELECT 1")
