# expect: nothing
"""Updates some rows by expression"""

import sqlalchemy as sa
from alembic import op

revision = "c069e39ced6a"
down_revision = None


def upgrade():
    orders = sa.table("orders", sa.column("currency"))
    op.execute(sa.update(orders).where(orders.c.currency == "DM").values(currency="EUR"))


def downgrade():
    op.execute("SELECT 1")
