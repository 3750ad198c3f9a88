# expect: AD213
"""Switches the timeout off as a text"""

from alembic import op

revision = "c0855465481a"
down_revision = None


def upgrade():
    op.execute("SET LOCAL statement_timeout TO '0'")


def downgrade():
    op.execute("SELECT 1")
