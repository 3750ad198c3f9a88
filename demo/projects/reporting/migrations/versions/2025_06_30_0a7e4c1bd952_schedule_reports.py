"""Schedule reports

Revision ID: 0a7e4c1bd952
Revises: c6905de3a84f
Create Date: 2025-06-30 10:10:07
"""

import sqlalchemy as sa
from alembic import op

revision = "0a7e4c1bd952"
down_revision = "c6905de3a84f"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "schedules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.Integer(), nullable=False),
        sa.Column("cron", sa.String(100), nullable=False),
        sa.Column("recipients", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["saved_reports.id"]),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade():
    op.drop_table("schedules")
