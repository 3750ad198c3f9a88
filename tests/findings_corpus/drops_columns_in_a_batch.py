# expect: AD102
"""Drops columns in a batch"""

from alembic import op

revision = "c0048d694085"
down_revision = None


def upgrade():
    with op.batch_alter_table("customers") as batch:
        batch.drop_column("fax")
        batch.drop_column("telex")


def downgrade():
    op.execute("SELECT 1")
