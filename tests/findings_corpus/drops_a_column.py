# expect: AD102
"""Drops a column"""

from alembic import op

revision = "c0038f5ebe2a"
down_revision = None


def upgrade():
    op.drop_column("customers", "fax")


def downgrade():
    op.execute("SELECT 1")
