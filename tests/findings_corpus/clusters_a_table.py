# expect: AD210
"""Clusters a table"""

from alembic import op

revision = "c080c3421d43"
down_revision = None


def upgrade():
    op.execute("CLUSTER orders USING ix_orders_day")


def downgrade():
    op.execute("SELECT 1")
