# expect: nothing
"""Rolls back to a savepoint"""

from alembic import op

revision = "c089fbff8850"
down_revision = None


def upgrade():
    op.execute("SAVEPOINT before")
    op.execute("ROLLBACK TO SAVEPOINT before")


def downgrade():
    op.execute("SELECT 1")
