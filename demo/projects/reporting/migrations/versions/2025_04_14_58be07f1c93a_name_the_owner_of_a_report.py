"""Name the owner of a report

Revision ID: 58be07f1c93a
Revises: d2f840b6917e
Create Date: 2025-04-14 10:28:07
"""

import sqlalchemy as sa
from alembic import op

revision = "58be07f1c93a"
down_revision = "d2f840b6917e"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("saved_reports") as table:
        table.add_column(sa.Column("owner", sa.String(200), server_default="", nullable=False))


def downgrade():
    with op.batch_alter_table("saved_reports") as table:
        table.drop_column("owner")
