"""Record how points were earned

Revision ID: 0f93d5c8e71b
Revises: a4e7b19f6c03
Create Date: 2025-04-29 10:15:07
"""

import sqlalchemy as sa
from alembic import op

revision = "0f93d5c8e71b"
down_revision = "a4e7b19f6c03"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "loyalty_entries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(100), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["loyalty_accounts.customer_id"], name=op.f("fk_loyalty_entries_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_entries")),
    )
    op.create_index(op.f("ix_loyalty_entries_customer_id"), "loyalty_entries", ["customer_id"])
    op.execute(
        "INSERT INTO loyalty_entries (customer_id, points, reason) "
        "SELECT customer_id, points, 'opening balance' FROM loyalty_accounts WHERE points > 0"
    )


def downgrade():
    op.drop_table("loyalty_entries")
