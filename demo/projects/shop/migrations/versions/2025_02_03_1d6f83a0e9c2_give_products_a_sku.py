"""Give products a SKU

Existing products get one made from their id; the column is required from then on.

Revision ID: 1d6f83a0e9c2
Revises: b7d90c1e4f55
Create Date: 2025-02-03 10:29:07
"""

import sqlalchemy as sa
from alembic import op

revision = "1d6f83a0e9c2"
down_revision = "b7d90c1e4f55"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("products") as table:
        table.add_column(sa.Column("sku", sa.String(40), nullable=True))
    op.execute("UPDATE products SET sku = 'P-' || id")
    with op.batch_alter_table("products") as table:
        table.alter_column("sku", existing_type=sa.String(40), nullable=False)
        table.create_unique_constraint(op.f("uq_products_sku"), ["sku"])


def downgrade():
    with op.batch_alter_table("products") as table:
        table.drop_constraint(op.f("uq_products_sku"), type_="unique")
        table.drop_column("sku")
