# expect: AD604
"""Has an id that Alembic reserves"""

from alembic import op

revision = "fax@customers"
down_revision = None


def upgrade():
    op.create_table("faxes")


def downgrade():
    op.drop_table("faxes")
