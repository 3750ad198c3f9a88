# expect: nothing
"""Adds a foreign key not valid"""

from alembic import op

revision = "c0555c4731b1"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders ADD CONSTRAINT fk_coupon FOREIGN KEY (coupon_id) REFERENCES coupons (id) NOT VALID")


def downgrade():
    op.execute("SELECT 1")
