# expect: nothing
"""Sets a long lock timeout"""

from alembic import op

revision = "c143f03cd832"
down_revision = None


def upgrade():
    op.execute("SET LOCAL lock_timeout = 30000")


def downgrade():
    op.execute("SELECT 1")
