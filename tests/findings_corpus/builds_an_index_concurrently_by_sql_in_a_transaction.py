# expect: AD301
"""Builds an index concurrently by sql in a transaction"""

from alembic import op

revision = "c045d24ad46c"
down_revision = None


def upgrade():
    op.execute("CREATE INDEX CONCURRENTLY ix_orders_day ON orders (day)")


def downgrade():
    op.execute("SELECT 1")
