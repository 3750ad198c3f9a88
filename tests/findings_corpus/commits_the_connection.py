# expect: AD303
"""Commits the connection"""

from alembic import op

revision = "c0882b7cb3d2"
down_revision = None


def upgrade():
    op.get_bind().commit()


def downgrade():
    op.execute("SELECT 1")
