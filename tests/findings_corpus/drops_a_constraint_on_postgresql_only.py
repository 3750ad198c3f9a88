# expect: nothing
"""Drops a constraint on postgresql only"""

from alembic import op

revision = "c064801cb6c8"
down_revision = None


def upgrade():
    if op.get_context().dialect.name == "postgresql":
        op.drop_constraint("uq_customers_email", "customers")


def downgrade():
    op.execute("SELECT 1")
