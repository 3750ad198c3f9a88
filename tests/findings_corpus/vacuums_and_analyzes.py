# expect: nothing
"""Vacuums and analyzes"""

from alembic import op

revision = "c078c43186dd"
down_revision = None


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("VACUUM ANALYZE orders")


def downgrade():
    op.execute("SELECT 1")
