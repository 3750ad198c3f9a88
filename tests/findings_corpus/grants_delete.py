# expect: nothing
"""Grants delete"""

from alembic import op

revision = "c1253b2cb804"
down_revision = None


def upgrade():
    op.execute("GRANT DELETE, TRUNCATE ON orders TO app")


def downgrade():
    op.execute("SELECT 1")
