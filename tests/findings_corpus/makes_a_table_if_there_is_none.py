# expect: AD701
"""Makes a table if there is none"""

import sqlalchemy as sa
from alembic import op

revision = "c10086fb18a1"
down_revision = None


def upgrade():
    op.create_table("tags", sa.Column("id", sa.Integer()), if_not_exists=True)


def downgrade():
    op.execute("SELECT 1")
