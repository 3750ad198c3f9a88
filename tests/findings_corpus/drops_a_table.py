# expect: AD101
"""Drops a table"""

from alembic import op

revision = "c00199109515"
down_revision = None


def upgrade():
    op.drop_table("customers")


def downgrade():
    op.execute("SELECT 1")
