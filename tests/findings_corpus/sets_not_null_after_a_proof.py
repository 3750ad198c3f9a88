# expect: AD305
"""Sets not null after a proof"""

from alembic import op

revision = "c03824f86a28"
down_revision = None


def upgrade():
    op.execute("ALTER TABLE orders ADD CONSTRAINT has_currency CHECK (currency IS NOT NULL) NOT VALID")
    with op.get_context().autocommit_block():
        op.execute("ALTER TABLE orders VALIDATE CONSTRAINT has_currency")
    op.execute("ALTER TABLE orders ALTER COLUMN currency SET NOT NULL")
    op.execute("ALTER TABLE orders DROP CONSTRAINT has_currency")


def downgrade():
    op.execute("SELECT 1")
