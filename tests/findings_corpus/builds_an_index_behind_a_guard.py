# expect: AD205
"""Builds an index behind a guard"""

from alembic import op

revision = "c04897b30870"
down_revision = None


def upgrade():
    bind = op.get_bind()
    if bind.dialect.name != "postgresql":
        return
    op.create_index("ix_orders_day", "orders", ["day"])


def downgrade():
    op.execute("SELECT 1")
