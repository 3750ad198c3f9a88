# expect: nothing
"""Changes a text to unbounded by sql"""

from alembic import op

revision = "c0263e120288"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE customers ALTER COLUMN note TYPE text")


def downgrade():
    op.execute("SELECT 1")
