# expect: nothing
"""Adds a required column with default"""

import sqlalchemy as sa
from alembic import op

revision = "c028e8062fb1"
down_revision = None


def upgrade():
    op.add_column("orders", sa.Column("currency", sa.String(3), nullable=False, server_default="EUR"))


def downgrade():
    op.execute("SELECT 1")
