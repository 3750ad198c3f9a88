"""Add order status

Revision ID: c05e9b7d2a68
Revises: 92ab47fe0d31
Create Date: 2025-03-04 10:12:07
"""

import sqlalchemy as sa
from alembic import op

revision = "c05e9b7d2a68"
down_revision = "92ab47fe0d31"
branch_labels = None
depends_on = None


def upgrade():
    status = sa.Enum("placed", "paid", "shipped", "returned", name="order_status")
    status.create(op.get_bind(), checkfirst=True)
    with op.batch_alter_table("orders") as table:
        table.add_column(sa.Column("status", status, server_default="placed", nullable=False))


def downgrade():
    with op.batch_alter_table("orders") as table:
        table.drop_column("status")
    sa.Enum(name="order_status").drop(op.get_bind(), checkfirst=True)
