# expect: nothing
"""Has a label of its own"""

from alembic import op

revision = "1c0943f21f04"
down_revision = None
branch_labels = ("billing",)


def upgrade():
    op.create_table("invoices")


def downgrade():
    op.drop_table("invoices")
