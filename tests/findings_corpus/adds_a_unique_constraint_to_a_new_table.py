# expect: nothing
"""Adds a unique constraint to a new table"""

from alembic import op

revision = "c1357f51786c"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE tags (name text)")
    op.execute("ALTER TABLE tags ADD CONSTRAINT uq UNIQUE (name)")


def downgrade():
    op.execute("SELECT 1")
