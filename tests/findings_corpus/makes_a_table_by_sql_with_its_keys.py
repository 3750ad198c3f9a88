# expect: nothing
"""Makes a table by sql with its keys"""

from alembic import op

revision = "c1337bd4b095"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE tags (id int PRIMARY KEY, name text NOT NULL UNIQUE, CHECK (id > 0))")
    op.execute("CREATE INDEX ix_tags ON tags (name)")


def downgrade():
    op.execute("SELECT 1")
