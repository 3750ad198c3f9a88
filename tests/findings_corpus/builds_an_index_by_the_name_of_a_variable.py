# expect: AD205
"""Builds an index by the name of a variable"""

from alembic import op

revision = "c1103b358306"
down_revision = None

NAME = "ix_orders_day"
TABLE = "orders"


def upgrade():
    op.create_index(NAME, TABLE, ["day"])


def downgrade():
    op.execute("SELECT 1")
