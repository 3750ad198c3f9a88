# expect: AD402
"""Renames a column by sql"""

from alembic import op

revision = "c096d661370a"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE customers RENAME COLUMN name TO full_name")


def downgrade():
    op.execute("SELECT 1")
