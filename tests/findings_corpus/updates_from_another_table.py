# expect: AD211
"""Updates from another table"""

from alembic import op

revision = "c0701f68b8f0"
down_revision = None


def upgrade():
    op.execute("UPDATE orders SET country = c.country FROM customers c WHERE c.id = orders.customer_id")


def downgrade():
    op.execute("SELECT 1")
