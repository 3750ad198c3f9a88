# expect: AD210
"""Vacuums fully"""

from alembic import op

revision = "c07745893509"
down_revision = None


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("VACUUM FULL orders")


def downgrade():
    op.execute("SELECT 1")
