# expect: AD101
"""Drops a table by metadata"""

import sqlalchemy as sa
from alembic import op

revision = "c117cd605514"
down_revision = None


def upgrade():
    sa.Table("customers", sa.MetaData()).drop(op.get_bind())


def downgrade():
    op.execute("SELECT 1")
