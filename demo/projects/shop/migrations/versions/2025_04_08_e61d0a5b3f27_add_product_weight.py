"""Add product weight

Revision ID: e61d0a5b3f27
Revises: 3b8f14c6d7e9
Create Date: 2025-04-08 10:50:07
"""

import sqlalchemy as sa
from alembic import op

revision = "e61d0a5b3f27"
down_revision = "3b8f14c6d7e9"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("products") as table:
        table.add_column(sa.Column("weight_grams", sa.Integer(), nullable=True))


def downgrade():
    with op.batch_alter_table("products") as table:
        table.drop_column("weight_grams")
