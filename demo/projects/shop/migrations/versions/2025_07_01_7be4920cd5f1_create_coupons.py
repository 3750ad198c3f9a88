"""Create coupons

Revision ID: 7be4920cd5f1
Revises: f5a08d3e91b6
Create Date: 2025-07-01 10:03:07
"""

import sqlalchemy as sa
from alembic import op

revision = "7be4920cd5f1"
down_revision = "f5a08d3e91b6"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "coupons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("percent BETWEEN 1 AND 100", name=op.f("ck_coupons_percent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coupons")),
        sa.UniqueConstraint("code", name=op.f("uq_coupons_code")),
    )


def downgrade():
    op.drop_table("coupons")
