# expect: AD211
"""Fills its new column at once"""

import sqlalchemy as sa
from alembic import op

revision = "c07131023ed5"
down_revision = None


def upgrade():
    op.add_column("orders", sa.Column("currency", sa.String(3)))
    op.execute("UPDATE orders SET currency = 'EUR' WHERE currency IS NULL")


def downgrade():
    op.execute("SELECT 1")
