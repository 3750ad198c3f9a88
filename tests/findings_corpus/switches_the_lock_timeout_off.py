# expect: AD213
"""Switches the lock timeout off"""

from alembic import op

revision = "c084b49d566d"
down_revision = None


def upgrade():
    op.execute("SET lock_timeout = 0")


def downgrade():
    op.execute("SELECT 1")
