# expect: nothing
"""Adds a unique constraint by an index"""

from alembic import op

revision = "c061f0391f35"
down_revision = None


def upgrade():
    with op.get_context().autocommit_block():
        op.execute("CREATE UNIQUE INDEX CONCURRENTLY uq_email ON customers (email)")
        op.execute("ALTER TABLE customers ADD CONSTRAINT uq_email UNIQUE USING INDEX uq_email")


def downgrade():
    op.execute("SELECT 1")
