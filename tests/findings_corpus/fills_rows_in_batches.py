# expect: nothing
"""Fills rows in batches"""

import sqlalchemy as sa
from alembic import op

revision = "c0725193ca36"
down_revision = None


def upgrade():
    connection = op.get_bind()
    while connection.execute(
        sa.text("UPDATE orders SET currency = 'EUR' WHERE id IN (SELECT id FROM orders WHERE currency IS NULL LIMIT 1000)")
    ).rowcount:
        pass


def downgrade():
    op.execute("SELECT 1")
