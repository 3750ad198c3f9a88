# expect: AD107
"""Deletes by a statement put together later"""

import sqlalchemy as sa
from alembic import op

revision = "c11867e37c99"
down_revision = None


def upgrade():
    statement = sa.delete(sa.table("sessions", sa.column("expired")))
    statement = statement.where(sa.column("expired"))
    op.execute(statement)


def downgrade():
    op.execute("SELECT 1")
