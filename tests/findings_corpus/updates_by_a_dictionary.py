# expect: nothing
"""Updates by a dictionary"""

import sqlalchemy as sa
from alembic import op

revision = "c075f8ad4147"
down_revision = None


def upgrade():
    options = {}
    options.update(name="x")
    op.create_table("tags", sa.Column("id", sa.Integer()), **options)


def downgrade():
    op.execute("SELECT 1")
