# expect: AD203
"""Adds a required column"""

import sqlalchemy as sa
from alembic import op

revision = "c02719837ec3"
down_revision = None


def upgrade():
    op.add_column("orders", sa.Column("currency", sa.String(3), nullable=False))


def downgrade():
    op.execute("SELECT 1")
