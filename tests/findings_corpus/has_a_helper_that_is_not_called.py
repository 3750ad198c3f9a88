# expect: nothing
"""Has a helper that is not called"""

import sqlalchemy as sa
from alembic import op

revision = "c018440862fd"
down_revision = None


def _clean(name):
    op.drop_table(name)


def upgrade():
    op.create_table("orders", sa.Column("id", sa.Integer()))


def downgrade():
    op.execute("SELECT 1")
