# expect: AD302
"""Adds an enum value"""

from alembic import op

revision = "c09096d26874"
down_revision = None


def upgrade():
    op.execute("ALTER TYPE mood ADD VALUE 'glad'")


def downgrade():
    op.execute("SELECT 1")
