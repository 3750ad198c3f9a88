# expect: nothing
"""Sets a lock timeout"""

from alembic import op

revision = "c0869c33aa5f"
down_revision = None


def upgrade():
    op.execute("SET LOCAL lock_timeout = '2s'")


def downgrade():
    op.execute("SELECT 1")
