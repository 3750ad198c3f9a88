# expect: AD208
"""Adds a check"""

from alembic import op

revision = "c0589fbe1fbf"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders ADD CONSTRAINT positive CHECK (total > 0)")


def downgrade():
    op.execute("SELECT 1")
