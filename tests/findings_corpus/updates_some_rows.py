# expect: nothing
"""Updates some rows"""

from alembic import op

revision = "c068595147d5"
down_revision = None


def upgrade():
    op.execute("UPDATE orders SET currency = 'CHF' WHERE country = 'CH'")


def downgrade():
    op.execute("SELECT 1")
