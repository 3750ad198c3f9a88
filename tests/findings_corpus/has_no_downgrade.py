# expect: AD503
"""Has no downgrade"""

import sqlalchemy as sa
from alembic import op

revision = "c10623850878"
down_revision = None


def upgrade():
    op.create_table("tags", sa.Column("id", sa.Integer()))
