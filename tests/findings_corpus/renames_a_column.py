# expect: AD402
"""Renames a column"""

from alembic import op

revision = "c09573410733"
down_revision = None


def upgrade():
    op.alter_column("customers", "name", new_column_name="full_name")


def downgrade():
    op.execute("SELECT 1")
