# expect: nothing
"""Reindexes concurrently"""

from alembic import op

revision = "c08273c30870"
down_revision = None


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("REINDEX INDEX CONCURRENTLY ix_orders_day")


def downgrade():
    op.execute("SELECT 1")
