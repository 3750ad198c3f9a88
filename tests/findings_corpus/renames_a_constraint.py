# expect: nothing
"""Renames a constraint"""

from alembic import op

revision = "c0982e4d4846"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE customers RENAME CONSTRAINT a TO b")


def downgrade():
    op.execute("SELECT 1")
