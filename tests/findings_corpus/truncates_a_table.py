# expect: AD104
"""Truncates a table"""

from alembic import op

revision = "c01328c9d315"
down_revision = None


def upgrade():
    op.execute("TRUNCATE TABLE sessions")


def downgrade():
    op.execute("SELECT 1")
