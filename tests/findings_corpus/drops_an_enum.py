# expect: nothing
"""Drops an enum"""

import sqlalchemy as sa
from alembic import op

revision = "c121f3841011"
down_revision = None


def upgrade():
    sa.Enum(name="mood").drop(op.get_bind(), checkfirst=True)


def downgrade():
    op.execute("SELECT 1")
