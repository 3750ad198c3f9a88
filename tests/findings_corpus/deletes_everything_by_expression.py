# expect: AD103
"""Deletes everything by expression"""

import sqlalchemy as sa
from alembic import op

revision = "c01017e63c3e"
down_revision = None


def upgrade():
    sessions = sa.table("sessions")
    op.execute(sessions.delete())


def downgrade():
    op.execute("SELECT 1")
