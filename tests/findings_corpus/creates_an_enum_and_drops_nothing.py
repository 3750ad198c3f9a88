# expect: nothing
"""Creates an enum and drops nothing"""

import sqlalchemy as sa
from alembic import op

revision = "c120af65412c"
down_revision = None


def upgrade():
    sa.Enum("a", "b", name="mood").create(op.get_bind())


def downgrade():
    op.execute("SELECT 1")
