# expect: AD207
"""Adds a foreign key"""

from alembic import op

revision = "c0536c9add98"
down_revision = None


def upgrade():
    with op.batch_alter_table("orders") as batch:
        batch.create_foreign_key("fk_orders_coupon", "coupons", ["coupon_id"], ["id"])


def downgrade():
    op.execute("SELECT 1")
