# expect: nothing
"""Renames a sequence"""

from alembic import op

revision = "c136fae96b51"
down_revision = None


def upgrade():
    op.execute("ALTER SEQUENCE a_seq RENAME TO b_seq")


def downgrade():
    op.execute("SELECT 1")
