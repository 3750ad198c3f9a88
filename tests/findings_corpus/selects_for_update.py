# expect: nothing
"""Selects for update"""

from alembic import op

revision = "c141532bffee"
down_revision = None


def upgrade():
    op.execute("SELECT 1 FROM settings WHERE id = 1 FOR UPDATE")


def downgrade():
    op.execute("SELECT 1")
