# expect: AD301
"""Builds an index concurrently in a transaction"""

from alembic import op

revision = "c044ad11c5b5"
down_revision = None


def upgrade():
    op.create_index("ix_orders_day", "orders", ["day"], postgresql_concurrently=True)


def downgrade():
    op.execute("SELECT 1")
