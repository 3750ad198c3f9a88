# expect: AD602
"""empty message"""

import sqlalchemy as sa
from alembic import op

revision = "c108bd23993b"
down_revision = None


def upgrade():
    op.create_table("tags", sa.Column("id", sa.Integer()))


def downgrade():
    op.execute("SELECT 1")
