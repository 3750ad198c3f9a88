# expect: nothing
"""Keeps not null"""

from alembic import op

revision = "c0406924e782"
down_revision = None


def upgrade():
    with op.batch_alter_table("orders") as batch:
        batch.alter_column("currency", existing_nullable=False, nullable=False, server_default="EUR")


def downgrade():
    op.execute("SELECT 1")
