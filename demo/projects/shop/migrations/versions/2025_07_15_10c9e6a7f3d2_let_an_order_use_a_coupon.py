"""Let an order use a coupon

Revision ID: 10c9e6a7f3d2
Revises: 7be4920cd5f1
Create Date: 2025-07-15 10:16:07
"""

import sqlalchemy as sa
from alembic import op

revision = "10c9e6a7f3d2"
down_revision = "7be4920cd5f1"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("orders") as table:
        table.add_column(sa.Column("coupon_id", sa.Integer(), nullable=True))
        table.create_foreign_key(op.f("fk_orders_coupon_id"), "coupons", ["coupon_id"], ["id"])


def downgrade():
    with op.batch_alter_table("orders") as table:
        table.drop_constraint(op.f("fk_orders_coupon_id"), type_="foreignkey")
        table.drop_column("coupon_id")
