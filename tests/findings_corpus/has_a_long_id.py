# expect: AD603
"""Has a long id"""

import sqlalchemy as sa
from alembic import op

revision = "2025_08_11_add_the_tags_of_products_and_orders"
down_revision = None


def upgrade():
    op.create_table("tags", sa.Column("id", sa.Integer()))


def downgrade():
    op.execute("SELECT 1")
