# expect: nothing
"""Allows null"""

import sqlalchemy as sa
from alembic import op

revision = "c039982f36ce"
down_revision = None


def upgrade():
    with op.batch_alter_table("orders") as batch:
        batch.alter_column("currency", existing_type=sa.String(3), nullable=True)


def downgrade():
    op.execute("SELECT 1")
