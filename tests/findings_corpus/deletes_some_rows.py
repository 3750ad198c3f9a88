# expect: AD107
"""Deletes some rows"""

from alembic import op

revision = "c01183fdb5ff"
down_revision = None


def upgrade():
    op.execute("DELETE FROM sessions WHERE expires_at < now()")


def downgrade():
    op.execute("SELECT 1")
