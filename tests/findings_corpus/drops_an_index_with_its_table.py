# expect: AD101
"""Drops an index with its table"""

from alembic import op

revision = "c05114a7c49e"
down_revision = None


def upgrade():
    op.drop_index("ix_refunds_day", table_name="refunds")
    op.drop_table("refunds")


def downgrade():
    op.execute("SELECT 1")
