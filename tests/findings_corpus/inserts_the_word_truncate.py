# expect: nothing
"""Inserts the word truncate"""

from alembic import op

revision = "c1247754d6dd"
down_revision = None


def upgrade():
    op.execute("INSERT INTO notes VALUES ('TRUNCATE orders; DROP TABLE x')")


def downgrade():
    op.execute("SELECT 1")
