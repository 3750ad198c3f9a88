# expect: nothing
"""Adds a required column to a new table"""

import sqlalchemy as sa
from alembic import op

revision = "c031907a07c6"
down_revision = None


def upgrade():
    op.create_table("refunds", sa.Column("id", sa.Integer(), primary_key=True))
    op.add_column("refunds", sa.Column("total", sa.Integer(), nullable=False))


def downgrade():
    op.execute("SELECT 1")
