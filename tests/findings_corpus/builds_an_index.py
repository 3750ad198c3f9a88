# expect: AD205
"""Builds an index"""

from alembic import op

revision = "c041db4033a7"
down_revision = None


def upgrade():
    op.create_index("ix_orders_day", "orders", ["day"])


def downgrade():
    op.execute("SELECT 1")
