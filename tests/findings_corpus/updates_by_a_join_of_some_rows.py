# expect: nothing
"""Updates by a join of some rows"""

from alembic import op

revision = "c1393780af04"
down_revision = None


def upgrade():
    op.execute("UPDATE orders SET country = c.country FROM customers c WHERE c.id = orders.customer_id AND orders.id < 100")


def downgrade():
    op.execute("SELECT 1")
