# expect: nothing
"""Drops a view if it exists"""

from alembic import op

revision = "c10265abd9fd"
down_revision = None


def upgrade():
    op.execute("DROP VIEW IF EXISTS active_customers")


def downgrade():
    op.execute("SELECT 1")
