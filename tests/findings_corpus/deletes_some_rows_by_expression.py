# expect: AD107
"""Deletes some rows by expression"""

import sqlalchemy as sa
from alembic import op

revision = "c0121601ea57"
down_revision = None


def upgrade():
    sessions = sa.table("sessions", sa.column("expired"))
    op.get_bind().execute(sa.delete(sessions).where(sessions.c.expired))


def downgrade():
    op.execute("SELECT 1")
