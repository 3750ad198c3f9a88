"""Write e-mail addresses in lower case

Revision ID: 29e7c4b06fd8
Revises: d81f36a5c0e4
Create Date: 2025-06-02 10:41:07
"""

from alembic import op

revision = "29e7c4b06fd8"
down_revision = "d81f36a5c0e4"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("UPDATE customers SET email = lower(email) WHERE email <> lower(email)")


def downgrade():
    # The earlier spelling is not known any more, and nothing needs it.
    pass
