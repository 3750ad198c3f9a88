# expect: nothing
"""Changes a default by sql"""

from alembic import op

revision = "c12839762f32"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders ALTER COLUMN day SET DEFAULT CURRENT_DATE")


def downgrade():
    op.execute("SELECT 1")
