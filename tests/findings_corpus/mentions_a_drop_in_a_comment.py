# expect: nothing
"""Mentions a drop in a comment"""

from alembic import op

revision = "c008a5c0d197"
down_revision = None


def upgrade():
    op.execute("-- DROP TABLE customers\nCOMMENT ON TABLE customers IS 'DROP TABLE later'")


def downgrade():
    op.execute("SELECT 1")
