"""Create saved reports

Revision ID: d2f840b6917e
Revises: 71c3a9e0b5d4
Create Date: 2025-03-03 10:30:07
"""

import sqlalchemy as sa
from alembic import op

revision = "d2f840b6917e"
down_revision = "71c3a9e0b5d4"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "saved_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade():
    op.drop_table("saved_reports")
