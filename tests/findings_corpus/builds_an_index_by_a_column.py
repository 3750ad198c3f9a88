# expect: AD205
"""Builds an index by a column"""

import sqlalchemy as sa
from alembic import op

revision = "c1142a76bb76"
down_revision = None


def upgrade():
    op.add_column("orders", sa.Column("day", sa.Date(), index=True))


def downgrade():
    op.execute("SELECT 1")
