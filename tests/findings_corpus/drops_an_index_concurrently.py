# expect: nothing
"""Drops an index concurrently"""

from alembic import op

revision = "c05057ddf06a"
down_revision = None


def upgrade():
    with op.get_context().autocommit_block():
        op.drop_index("ix_orders_day", table_name="orders", postgresql_concurrently=True)


def downgrade():
    op.execute("SELECT 1")
