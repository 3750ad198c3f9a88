# expect: AD106 AD201 AD702
"""Narrows a text"""

import sqlalchemy as sa
from alembic import op

revision = "c0190bef561e"
down_revision = None


def upgrade():
    op.alter_column("customers", "name", existing_type=sa.String(200), type_=sa.String(100))


def downgrade():
    op.execute("SELECT 1")
