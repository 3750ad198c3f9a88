# expect: AD702
"""Drops a constraint outside a batch"""

from alembic import op

revision = "c06341e8b834"
down_revision = None


def upgrade():
    op.drop_constraint("uq_customers_email", "customers")


def downgrade():
    op.execute("SELECT 1")
