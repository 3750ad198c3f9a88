# expect: AD205
"""Builds an index by sql"""

from alembic import op

revision = "c042e7b238c4"
down_revision = None


def upgrade():
    op.execute("CREATE UNIQUE INDEX ix_orders_day ON public.orders (day)")


def downgrade():
    op.execute("SELECT 1")
