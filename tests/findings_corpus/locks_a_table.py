# expect: AD210
"""Locks a table"""

from alembic import op

revision = "c07684f042b2"
down_revision = None


def upgrade():
    op.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")


def downgrade():
    op.execute("SELECT 1")
