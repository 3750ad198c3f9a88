"""Index orders by customer and date

Revision ID: 92ab47fe0d31
Revises: 1d6f83a0e9c2
Create Date: 2025-02-17 10:26:07
"""

from alembic import op

revision = "92ab47fe0d31"
down_revision = "1d6f83a0e9c2"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_orders_customer_id_placed_at", "orders", ["customer_id", "placed_at"])


def downgrade():
    op.drop_index("ix_orders_customer_id_placed_at", table_name="orders")
