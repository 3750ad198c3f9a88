# expect: nothing
"""Inserts rows"""

import sqlalchemy as sa
from alembic import op

revision = "c1402d6eb9a5"
down_revision = None


def upgrade():
    op.bulk_insert(sa.table("tags", sa.column("name")), [{"name": "delete from"}])


def downgrade():
    op.execute("SELECT 1")
