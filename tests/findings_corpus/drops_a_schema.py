# expect: AD105
"""Drops a schema"""

from alembic import op

revision = "c0154a837806"
down_revision = None


def upgrade():
    op.execute("DROP SCHEMA reports CASCADE")


def downgrade():
    op.execute("SELECT 1")
