"""Index sales by store

Revision ID: e4b16f90d7c8
Revises: 0a7e4c1bd952
Create Date: 2025-08-11 10:48:07
"""

from alembic import op

revision = "e4b16f90d7c8"
down_revision = "0a7e4c1bd952"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_daily_sales_store_day", "daily_sales", ["store", "day"])


def downgrade():
    op.drop_index("ix_daily_sales_store_day", table_name="daily_sales")
