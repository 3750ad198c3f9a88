# expect: AD101
"""Drops tables in a loop"""

from alembic import op

revision = "c01671f4ae84"
down_revision = None


def upgrade():
    for name in ("a_old", "b_old"):
        op.drop_table(name)


def downgrade():
    op.execute("SELECT 1")
