# expect: AD202
"""Adds a random default by sql"""

from alembic import op

revision = "c035701b0115"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()")


def downgrade():
    op.execute("SELECT 1")
