# expect: nothing
"""Adds an enum value in a block"""

from alembic import op

revision = "c0917f612098"
down_revision = None


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE mood ADD VALUE 'glad'")


def downgrade():
    op.execute("SELECT 1")
