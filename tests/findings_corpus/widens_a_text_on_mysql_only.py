# expect: nothing
"""Widens a text on mysql only"""

import sqlalchemy as sa
from alembic import op

revision = "c1472e4f170e"
down_revision = None


def upgrade():
    if op.get_bind().dialect.name in ("mysql", "mariadb"):
        op.alter_column("orders", "note", existing_type=sa.String(50), type_=sa.String(80))


def downgrade():
    op.execute("SELECT 1")
