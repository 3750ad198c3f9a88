# expect: AD211
"""Updates with a where in a subselect only"""

from alembic import op

revision = "c0738267459f"
down_revision = None


def upgrade():
    op.execute("UPDATE products SET rating = (SELECT avg(stars) FROM reviews WHERE product_id = products.id)")


def downgrade():
    op.execute("SELECT 1")
