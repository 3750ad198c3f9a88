# expect: AD204
"""Sets not null"""

import sqlalchemy as sa
from alembic import op

revision = "c036d0356686"
down_revision = None


def upgrade():
    with op.batch_alter_table("orders") as batch:
        batch.alter_column("currency", existing_type=sa.String(3), nullable=False)


def downgrade():
    op.execute("SELECT 1")
