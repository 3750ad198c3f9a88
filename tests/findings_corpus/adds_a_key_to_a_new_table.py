# expect: nothing
"""Adds a key to a new table"""

import sqlalchemy as sa
from alembic import op

revision = "c13467c7491a"
down_revision = None


def upgrade():
    op.create_table("tags", sa.Column("id", sa.Integer()), sa.Column("order_id", sa.Integer()))
    if op.get_bind().dialect.name != "sqlite":
        op.create_foreign_key("fk_tags", "tags", "orders", ["order_id"], ["id"])


def downgrade():
    op.execute("SELECT 1")
