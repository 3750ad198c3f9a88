# expect: nothing
"""Changes a comment in a batch"""

from alembic import op

revision = "c1273b9864bb"
down_revision = None


def upgrade():
    with op.batch_alter_table("orders") as batch:
        batch.alter_column("day", comment="of delivery")


def downgrade():
    op.execute("SELECT 1")
