# expect: AD102
"""Asks an inspector before dropping"""

import sqlalchemy as sa
from alembic import op

revision = "c11100c7084e"
down_revision = None


def upgrade():
    columns = [column["name"] for column in sa.inspect(op.get_bind()).get_columns("orders")]
    if "fax" in columns:
        op.drop_column("orders", "fax")


def downgrade():
    op.execute("SELECT 1")
