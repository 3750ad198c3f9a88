# expect: nothing
"""Drops its own scratch table"""

import sqlalchemy as sa
from alembic import op

revision = "c002fe3136ca"
down_revision = None


def upgrade():
    op.create_table("scratch", sa.Column("id", sa.Integer()))
    op.drop_table("scratch")


def downgrade():
    op.execute("SELECT 1")
