# expect: nothing
"""Drops a constraint by sql"""

from alembic import op

revision = "c130164d9c59"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders DROP CONSTRAINT IF EXISTS positive")


def downgrade():
    op.execute("SELECT 1")
