"""Create loyalty accounts

Revision ID: a4e7b19f6c03
Revises: 3b8f14c6d7e9
Create Date: 2025-04-10 10:44:07
"""

import sqlalchemy as sa
from alembic import op

revision = "a4e7b19f6c03"
down_revision = "3b8f14c6d7e9"
branch_labels = ("loyalty",)
depends_on = None


def upgrade():
    op.create_table(
        "loyalty_accounts",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), server_default="0", nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["customer_id"], ["customers.id"], name=op.f("fk_loyalty_accounts_customer_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_loyalty_accounts")),
    )


def downgrade():
    op.drop_table("loyalty_accounts")
