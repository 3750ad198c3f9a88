# expect: nothing
"""Adds a comment"""

from alembic import op

revision = "c126c4aee08f"
down_revision = None


def upgrade():
    op.create_table_comment("orders", "rows are never deleted from orders")


def downgrade():
    op.execute("SELECT 1")
