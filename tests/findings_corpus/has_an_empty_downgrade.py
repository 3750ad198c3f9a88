# expect: AD501
"""Has an empty downgrade"""

import sqlalchemy as sa
from alembic import op

revision = "c10338462c85"
down_revision = None


def upgrade():
    op.create_table("tags", sa.Column("id", sa.Integer()))


def downgrade():
    pass
