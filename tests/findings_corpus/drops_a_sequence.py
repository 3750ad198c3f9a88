# expect: nothing
"""Drops a sequence"""

from alembic import op

revision = "c122d354357e"
down_revision = None


def upgrade():
    op.execute("DROP SEQUENCE old_numbers")


def downgrade():
    op.execute("SELECT 1")
