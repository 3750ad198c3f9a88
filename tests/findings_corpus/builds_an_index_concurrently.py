# expect: nothing
"""Builds an index concurrently"""

from alembic import op

revision = "c0438b28b7f3"
down_revision = None


def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("ix_orders_day", "orders", ["day"], postgresql_concurrently=True)


def downgrade():
    op.execute("SELECT 1")
