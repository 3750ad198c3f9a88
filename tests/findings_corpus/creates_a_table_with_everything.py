# expect: nothing
"""Creates a table with everything"""

import sqlalchemy as sa
from alembic import op

revision = "c062a6ff4aaa"
down_revision = None


def upgrade():
    op.create_table(
        "coupons",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("orders.id"), nullable=False),
        sa.UniqueConstraint("order_id"),
        sa.CheckConstraint("id > 0"),
    )


def downgrade():
    op.execute("SELECT 1")
