# expect: AD401
"""Renames a table"""

from alembic import op

revision = "c0943f21f04e"
down_revision = None


def upgrade():
    op.rename_table("customers", "clients")


def downgrade():
    op.execute("SELECT 1")
