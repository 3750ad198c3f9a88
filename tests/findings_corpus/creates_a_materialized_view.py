# expect: nothing
"""Creates a materialized view"""

from alembic import op

revision = "c145c1027271"
down_revision = None


def upgrade():
    op.execute("CREATE MATERIALIZED VIEW daily AS SELECT day FROM orders")


def downgrade():
    op.execute("SELECT 1")
