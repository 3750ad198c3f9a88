"""Create products

Revision ID: 8c3e5d71a2b4
Revises: 4f1a2b7c9d10
Create Date: 2025-01-14 10:20:07
"""

import sqlalchemy as sa
from alembic import op

revision = "8c3e5d71a2b4"
down_revision = "4f1a2b7c9d10"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "products",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("price", sa.Numeric(10, 2), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
    )


def downgrade():
    op.drop_table("products")
