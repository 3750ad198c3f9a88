# expect: nothing
"""Truncates seconds in a value"""

from alembic import op

revision = "c014ae7f5906"
down_revision = None


def upgrade():
    op.execute("INSERT INTO settings (name, value) SELECT 'hour', date_trunc('hour', now())")


def downgrade():
    op.execute("SELECT 1")
