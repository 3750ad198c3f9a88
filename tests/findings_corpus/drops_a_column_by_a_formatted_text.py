# expect: AD102
"""Drops a column by a formatted text"""

from alembic import op

revision = "c112917ed2a1"
down_revision = None


def upgrade():
    for table in ("orders", "customers"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN fax")


def downgrade():
    op.execute("SELECT 1")
