# expect: nothing
"""Drops not null by sql"""

from alembic import op

revision = "c12918d3beb6"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders ALTER COLUMN day DROP NOT NULL")


def downgrade():
    op.execute("SELECT 1")
