# expect: nothing
"""Adds a required column with default by sql"""

from alembic import op

revision = "c132a285a976"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders ADD COLUMN paid boolean NOT NULL DEFAULT false")


def downgrade():
    op.execute("SELECT 1")
