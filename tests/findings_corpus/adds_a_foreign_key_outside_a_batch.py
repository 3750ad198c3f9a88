# expect: AD207 AD702
"""Adds a foreign key outside a batch"""

from alembic import op

revision = "c0542adacbd7"
down_revision = None


def upgrade():
    op.create_foreign_key("fk_orders_coupon", "orders", "coupons", ["coupon_id"], ["id"])


def downgrade():
    op.execute("SELECT 1")
