# expect: AD103
"""Deletes everything"""

from alembic import op

revision = "c0095dac7c6a"
down_revision = None


def upgrade():
    op.execute("DELETE FROM sessions")


def downgrade():
    op.execute("SELECT 1")
