# expect: AD602
"""

Revision ID: x
"""

import sqlalchemy as sa
from alembic import op

revision = "c107eeebe538"
down_revision = None


def upgrade():
    op.create_table("tags", sa.Column("id", sa.Integer()))


def downgrade():
    op.execute("SELECT 1")
