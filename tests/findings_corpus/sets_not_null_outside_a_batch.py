# expect: AD204 AD702
"""Sets not null outside a batch"""

from alembic import op

revision = "c0379581a679"
down_revision = None


def upgrade():
    op.alter_column("orders", "currency", nullable=False)


def downgrade():
    op.execute("SELECT 1")
