# expect: AD305
"""Mixes a block with other operations"""

import sqlalchemy as sa
from alembic import op

revision = "c092c2d62f2f"
down_revision = None


def upgrade():
    op.add_column("orders", sa.Column("day", sa.Date()))
    with op.get_context().autocommit_block():
        op.create_index("ix_orders_day", "orders", ["day"], postgresql_concurrently=True)


def downgrade():
    op.execute("SELECT 1")
