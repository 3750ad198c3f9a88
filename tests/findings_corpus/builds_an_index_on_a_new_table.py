# expect: nothing
"""Builds an index on a new table"""

import sqlalchemy as sa
from alembic import op

revision = "c04646d5e015"
down_revision = None


def upgrade():
    op.create_table("refunds", sa.Column("id", sa.Integer()), sa.Column("day", sa.Date()))
    op.create_index("ix_refunds_day", "refunds", ["day"])


def downgrade():
    op.execute("SELECT 1")
