# expect: AD301
"""Drops an index concurrently in a transaction"""

from alembic import op

revision = "c052472c3cbc"
down_revision = None


def upgrade():
    op.drop_index("ix_orders_day", postgresql_concurrently=True)


def downgrade():
    op.execute("SELECT 1")
