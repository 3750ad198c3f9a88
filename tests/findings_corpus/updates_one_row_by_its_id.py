# expect: nothing
"""Updates one row by its id"""

import sqlalchemy as sa
from alembic import op

revision = "c138f2ab4732"
down_revision = None


def upgrade():
    op.get_bind().execute(sa.text("UPDATE settings SET value = 2 WHERE id = :id"), {"id": 1})


def downgrade():
    op.execute("SELECT 1")
