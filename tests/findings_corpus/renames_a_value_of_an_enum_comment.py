# expect: nothing
"""Renames a value of an enum comment"""

from alembic import op

revision = "c137d7b794e8"
down_revision = None


def upgrade():
    op.execute("COMMENT ON TYPE mood IS 'ADD VALUE later'")


def downgrade():
    op.execute("SELECT 1")
