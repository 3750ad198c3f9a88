# expect: AD304
"""Vacuums in a transaction"""

from alembic import op

revision = "c0795fc02937"
down_revision = None


def upgrade():
    op.execute("VACUUM ANALYZE orders")


def downgrade():
    op.execute("SELECT 1")
