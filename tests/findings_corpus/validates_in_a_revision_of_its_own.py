# expect: nothing
"""Validates in a revision of its own"""

from alembic import op

revision = "c057f3d70f59"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT fk_coupon")


def downgrade():
    op.execute("SELECT 1")
