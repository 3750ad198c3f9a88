# expect: nothing
"""Renames its own column"""

import sqlalchemy as sa
from alembic import op

revision = "c0993e44b13c"
down_revision = None


def upgrade():
    op.create_table("tags", sa.Column("id", sa.Integer()), sa.Column("nme", sa.String(40)))
    op.alter_column("tags", "nme", new_column_name="name")


def downgrade():
    op.execute("SELECT 1")
