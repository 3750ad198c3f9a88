# expect: nothing
"""Sets a statement timeout"""

from alembic import op

revision = "c14211e32461"
down_revision = None


def upgrade():
    op.execute("SET statement_timeout = '0.5s'")


def downgrade():
    op.execute("SELECT 1")
