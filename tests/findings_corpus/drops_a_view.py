# expect: nothing
"""Drops a view"""

from alembic import op

revision = "c00777901958"
down_revision = None


def upgrade():
    op.execute("DROP VIEW active_customers")


def downgrade():
    op.execute("SELECT 1")
