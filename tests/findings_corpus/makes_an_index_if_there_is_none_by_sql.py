# expect: AD205 AD701
"""Makes an index if there is none by sql"""

from alembic import op

revision = "c10196c43166"
down_revision = None


def upgrade():
    op.execute("CREATE INDEX IF NOT EXISTS ix_orders_day ON orders (day)")


def downgrade():
    op.execute("SELECT 1")
