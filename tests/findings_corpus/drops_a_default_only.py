# expect: nothing
"""Drops a default only"""

from alembic import op

revision = "c006da2ce723"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE customers ALTER COLUMN fax DROP DEFAULT")


def downgrade():
    op.execute("SELECT 1")
