# expect: nothing
"""Drops a trigger"""

from alembic import op

revision = "c123769f9789"
down_revision = None


def upgrade():
    op.execute("DROP TRIGGER tidy ON orders")


def downgrade():
    op.execute("SELECT 1")
