# expect: nothing
"""Widens a text"""

import sqlalchemy as sa
from alembic import op

revision = "c020aa0ce96c"
down_revision = None


def upgrade():
    with op.batch_alter_table("customers") as batch:
        batch.alter_column("name", existing_type=sa.String(100), type_=sa.String(200))


def downgrade():
    op.execute("SELECT 1")
