# expect: AD210
"""Refreshes a view"""

from alembic import op

revision = "c08339967bc8"
down_revision = None


def upgrade():
    op.execute("REFRESH MATERIALIZED VIEW daily_sales")


def downgrade():
    op.execute("SELECT 1")
