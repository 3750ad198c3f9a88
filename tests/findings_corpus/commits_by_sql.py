# expect: AD303
"""Commits by sql"""

from alembic import op

revision = "c08754c1581f"
down_revision = None


def upgrade():
    op.execute("COMMIT")


def downgrade():
    op.execute("SELECT 1")
