# expect: nothing
"""Makes a text unbounded"""

import sqlalchemy as sa
from alembic import op

revision = "c021e7d1c792"
down_revision = None


def upgrade():
    with op.batch_alter_table("customers") as batch:
        batch.alter_column("name", existing_type=sa.String(100), type_=sa.Text())


def downgrade():
    op.execute("SELECT 1")
