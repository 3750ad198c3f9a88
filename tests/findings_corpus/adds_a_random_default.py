# expect: AD202
"""Adds a random default"""

import sqlalchemy as sa
from alembic import op

revision = "c0323a473633"
down_revision = None


def upgrade():
    op.add_column("orders", sa.Column("token", sa.Uuid(), nullable=False, server_default=sa.text("gen_random_uuid()")))


def downgrade():
    op.execute("SELECT 1")
