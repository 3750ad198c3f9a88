# expect: AD502
"""Refuses a downgrade"""

import sqlalchemy as sa
from alembic import op

revision = "c105a76be294"
down_revision = None


def upgrade():
    op.create_table("tags", sa.Column("id", sa.Integer()))


def downgrade():
    raise NotImplementedError("no way back")
