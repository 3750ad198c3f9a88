# expect: nothing
"""Adds an optional column"""

import sqlalchemy as sa
from alembic import op

revision = "c0296a3400da"
down_revision = None


def upgrade():
    op.add_column("orders", sa.Column("currency", sa.String(3), nullable=True))


def downgrade():
    op.execute("SELECT 1")
