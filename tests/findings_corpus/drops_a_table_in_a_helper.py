# expect: AD101
"""Drops a table in a helper"""

from alembic import op

revision = "c017fe2c40d4"
down_revision = None


def _clean(name):
    op.drop_table(name)


def upgrade():
    _clean("customers_old")


def downgrade():
    op.execute("SELECT 1")
