# expect: nothing
"""Adds several optional columns by sql"""

from alembic import op

revision = "c131373e8bf5"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders ADD COLUMN a int, ADD COLUMN b varchar(10) DEFAULT 'x, y', ADD c numeric(10, 2)")


def downgrade():
    op.execute("SELECT 1")
