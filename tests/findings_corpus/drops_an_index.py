# expect: AD206
"""Drops an index"""

from alembic import op

revision = "c049f6521c2f"
down_revision = None


def upgrade():
    op.drop_index("ix_orders_day", table_name="orders")


def downgrade():
    op.execute("SELECT 1")
