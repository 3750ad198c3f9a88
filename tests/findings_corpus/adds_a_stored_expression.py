# expect: AD202
"""Adds a stored expression"""

import sqlalchemy as sa
from alembic import op

revision = "c0340e1a9ee7"
down_revision = None


def upgrade():
    op.add_column("orders", sa.Column("gross", sa.Numeric(), sa.Computed("net * 1.19", persisted=True)))


def downgrade():
    op.execute("SELECT 1")
