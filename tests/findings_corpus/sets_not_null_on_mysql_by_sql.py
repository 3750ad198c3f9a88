# expect: nothing
"""Sets not null on mysql by sql"""

from alembic import op

revision = "c119a1d533c7"
down_revision = None


def upgrade():
    if op.get_bind().dialect.name == "mysql":
        op.execute("ALTER TABLE orders ALTER COLUMN currency SET DEFAULT 'EUR'")


def downgrade():
    op.execute("SELECT 1")
