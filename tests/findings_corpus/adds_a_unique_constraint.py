# expect: AD209 AD702
"""Adds a unique constraint"""

from alembic import op

revision = "c0602bf96e32"
down_revision = None


def upgrade():
    op.create_unique_constraint("uq_customers_email", "customers", ["email"])


def downgrade():
    op.execute("SELECT 1")
