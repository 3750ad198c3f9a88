# expect: AD106 AD201
"""Makes a number of a text"""

from alembic import op

revision = "c0230c3ce544"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders ALTER COLUMN number TYPE integer USING number::integer")


def downgrade():
    op.execute("SELECT 1")
