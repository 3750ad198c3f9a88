# expect: nothing
"""Adds a cascading key to a new table"""

from alembic import op

revision = "c116e93f8755"
down_revision = None


def upgrade():
    op.execute("CREATE TABLE a (id int, b int REFERENCES b ON DELETE CASCADE ON UPDATE CASCADE)")


def downgrade():
    op.execute("SELECT 1")
