# expect: AD211
"""Updates all rows by expression"""

import sqlalchemy as sa
from alembic import op

revision = "c0678617d9f6"
down_revision = None


def upgrade():
    orders = sa.table("orders", sa.column("currency"))
    op.execute(orders.update().values(currency="EUR"))


def downgrade():
    op.execute("SELECT 1")
