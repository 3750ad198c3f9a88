# expect: nothing
"""Adds a check not valid"""

from alembic import op

revision = "c0594f5d4e3e"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0) NOT VALID")


def downgrade():
    op.execute("SELECT 1")
