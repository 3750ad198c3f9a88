# expect: nothing
"""Upserts rows"""

from alembic import op

revision = "c115d8fcf615"
down_revision = None


def upgrade():
    op.execute("INSERT INTO settings VALUES ('a', 1) ON CONFLICT (name) DO UPDATE SET value = 1")


def downgrade():
    op.execute("SELECT 1")
