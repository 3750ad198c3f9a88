# expect: nothing
"""Renames an index"""

from alembic import op

revision = "c0970a4da536"
down_revision = None


def upgrade():
    op.execute("ALTER INDEX ix_old RENAME TO ix_new")


def downgrade():
    op.execute("SELECT 1")
