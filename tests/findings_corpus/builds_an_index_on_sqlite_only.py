# expect: nothing
"""Builds an index on sqlite only"""

from alembic import op

revision = "c047475e61ee"
down_revision = None


def upgrade():
    if op.get_bind().dialect.name == "sqlite":
        op.create_index("ix_orders_day", "orders", ["day"])


def downgrade():
    op.execute("SELECT 1")
