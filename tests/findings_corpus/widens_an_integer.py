# expect: AD201
"""Widens an integer"""

import sqlalchemy as sa
from alembic import op

revision = "c02204a90d77"
down_revision = None


def upgrade():
    with op.batch_alter_table("orders") as batch:
        batch.alter_column("id", existing_type=sa.Integer(), type_=sa.BigInteger())


def downgrade():
    op.execute("SELECT 1")
