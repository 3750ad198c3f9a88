"""Index products by name without locking

CREATE INDEX CONCURRENTLY cannot run inside a transaction, hence the autocommit block.

Revision ID: d81f36a5c0e4
Revises: 6d2b8e40f9a7
Create Date: 2025-05-20 10:36:07
"""

from alembic import op

revision = "d81f36a5c0e4"
down_revision = "6d2b8e40f9a7"
branch_labels = None
depends_on = None


def upgrade():
    with op.get_context().autocommit_block():
        op.create_index("ix_products_name", "products", ["name"], postgresql_concurrently=True, if_not_exists=True)


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("ix_products_name", table_name="products", postgresql_concurrently=True, if_exists=True)
