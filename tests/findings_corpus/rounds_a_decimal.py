# expect: AD106 AD201
"""Rounds a decimal"""

import sqlalchemy as sa
from alembic import op

revision = "c0253c16f6b7"
down_revision = None


def upgrade():
    with op.batch_alter_table("orders") as batch:
        batch.alter_column("total", existing_type=sa.Numeric(10, 4), type_=sa.Numeric(10, 2))


def downgrade():
    op.execute("SELECT 1")
