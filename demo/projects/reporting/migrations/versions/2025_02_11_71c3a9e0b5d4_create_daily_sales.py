"""Create daily sales

Revision ID: 71c3a9e0b5d4
Revises: 
Create Date: 2025-02-11 10:53:07
"""

import sqlalchemy as sa
from alembic import op

revision = "71c3a9e0b5d4"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "daily_sales",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("store", sa.String(60), nullable=False),
        sa.Column("orders", sa.Integer(), server_default="0", nullable=False),
        sa.Column("revenue", sa.Numeric(12, 2), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("day", "store"),
    )


def downgrade():
    op.drop_table("daily_sales")
