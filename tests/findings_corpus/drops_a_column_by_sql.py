# expect: AD102
"""Drops a column by sql"""

from alembic import op

revision = "c00537e205e6"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE customers DROP COLUMN IF EXISTS fax")


def downgrade():
    op.execute("SELECT 1")
