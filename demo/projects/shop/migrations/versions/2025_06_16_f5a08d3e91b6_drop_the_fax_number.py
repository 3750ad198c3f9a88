"""Drop the fax number

Revision ID: f5a08d3e91b6
Revises: 29e7c4b06fd8
Create Date: 2025-06-16 10:05:07
"""

from alembic import op

revision = "f5a08d3e91b6"
down_revision = "29e7c4b06fd8"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("customers") as table:
        table.drop_column("fax")


def downgrade():
    raise NotImplementedError("The fax numbers are gone; restore them from a backup if you must go back.")
