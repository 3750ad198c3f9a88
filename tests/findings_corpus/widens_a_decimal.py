# expect: nothing
"""Widens a decimal"""

import sqlalchemy as sa
from alembic import op

revision = "c02492f6758b"
down_revision = None


def upgrade():
    with op.batch_alter_table("orders") as batch:
        batch.alter_column("total", existing_type=sa.Numeric(10, 2), type_=sa.Numeric(14, 2))


def downgrade():
    op.execute("SELECT 1")
