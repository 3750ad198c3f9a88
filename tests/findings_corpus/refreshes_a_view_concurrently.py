# expect: nothing
"""Refreshes a view concurrently"""

from alembic import op

revision = "c14640398622"
down_revision = None


def upgrade():
    op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY daily")


def downgrade():
    op.execute("SELECT 1")
