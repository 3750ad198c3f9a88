# expect: AD211
"""Updates all rows"""

from alembic import op

revision = "c066017bf6e0"
down_revision = None


def upgrade():
    op.execute("UPDATE orders SET currency = 'EUR'")


def downgrade():
    op.execute("SELECT 1")
