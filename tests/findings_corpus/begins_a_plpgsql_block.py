# expect: nothing
"""Begins a plpgsql block"""

from alembic import op

revision = "c144539af472"
down_revision = None


def upgrade():
    op.execute("DO $$ BEGIN PERFORM 1; END $$")


def downgrade():
    op.execute("SELECT 1")
