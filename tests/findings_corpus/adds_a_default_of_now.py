# expect: nothing
"""Adds a default of now"""

import sqlalchemy as sa
from alembic import op

revision = "c03329629915"
down_revision = None


def upgrade():
    op.add_column("orders", sa.Column("seen_at", sa.DateTime(), nullable=False, server_default=sa.func.now()))


def downgrade():
    op.execute("SELECT 1")
