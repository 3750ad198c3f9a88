# expect: nothing
"""Drops a constraint in a batch"""

from alembic import op

revision = "c0654d0658d2"
down_revision = None


def upgrade():
    with op.batch_alter_table("customers") as batch:
        batch.drop_constraint("uq_customers_email", type_="unique")


def downgrade():
    op.execute("SELECT 1")
