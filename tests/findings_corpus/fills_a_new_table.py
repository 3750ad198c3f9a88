# expect: nothing
"""Fills a new table"""

import sqlalchemy as sa
from alembic import op

revision = "c07420c5f9de"
down_revision = None


def upgrade():
    op.create_table("tags", sa.Column("id", sa.Integer()), sa.Column("name", sa.String(40)))
    op.execute("INSERT INTO tags SELECT id, name FROM labels")
    op.execute("UPDATE tags SET name = lower(name)")


def downgrade():
    op.execute("SELECT 1")
