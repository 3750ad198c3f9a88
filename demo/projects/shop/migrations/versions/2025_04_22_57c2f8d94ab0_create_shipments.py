"""Create shipments

Revision ID: 57c2f8d94ab0
Revises: e61d0a5b3f27
Create Date: 2025-04-22 10:27:07
"""

import sqlalchemy as sa
from alembic import op

revision = "57c2f8d94ab0"
down_revision = "e61d0a5b3f27"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "shipments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), nullable=False),
        sa.Column("carrier", sa.String(60), nullable=False),
        sa.Column("tracking_code", sa.String(80), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_shipments_order_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shipments")),
    )


def downgrade():
    op.drop_table("shipments")
