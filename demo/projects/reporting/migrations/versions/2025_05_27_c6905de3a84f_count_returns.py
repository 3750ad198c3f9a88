"""Count returns

Revision ID: c6905de3a84f
Revises: 58be07f1c93a
Create Date: 2025-05-27 10:18:07
"""

import sqlalchemy as sa
from alembic import op

revision = "c6905de3a84f"
down_revision = "58be07f1c93a"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("daily_sales") as table:
        table.add_column(sa.Column("returns", sa.Integer(), server_default="0", nullable=False))


def downgrade():
    with op.batch_alter_table("daily_sales") as table:
        table.drop_column("returns")
