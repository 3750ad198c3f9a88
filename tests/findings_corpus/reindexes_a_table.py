# expect: AD210
"""Reindexes a table"""

from alembic import op

revision = "c081e1db3bbd"
down_revision = None


def upgrade():
    op.execute("REINDEX TABLE orders")


def downgrade():
    op.execute("SELECT 1")
