# expect: AD203
"""Adds a required column by sql"""

from alembic import op

revision = "c030597cfd06"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders ADD COLUMN currency varchar(3) NOT NULL")


def downgrade():
    op.execute("SELECT 1")
