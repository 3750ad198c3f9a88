# expect: nothing
"""Ends a savepoint"""

from alembic import op

revision = "c1487662279e"
down_revision = None


def upgrade():
    savepoint = op.get_bind().begin_nested()
    op.execute("INSERT INTO settings VALUES (1)")
    savepoint.commit()


def downgrade():
    op.execute("SELECT 1")
