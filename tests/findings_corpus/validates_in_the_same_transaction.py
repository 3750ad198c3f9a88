# expect: AD212
"""Validates in the same transaction"""

from alembic import op

revision = "c05685904e51"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders ADD CONSTRAINT fk_coupon FOREIGN KEY (coupon_id) REFERENCES coupons (id) NOT VALID")
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT fk_coupon")


def downgrade():
    op.execute("SELECT 1")
