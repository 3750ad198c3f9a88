# expect: nothing
"""Creates a function that deletes"""

from alembic import op

revision = "c0933dceb59b"
down_revision = None


def upgrade():
    op.execute("CREATE FUNCTION tidy() RETURNS void AS $$ BEGIN DELETE FROM sessions; COMMIT; END $$ LANGUAGE plpgsql")


def downgrade():
    op.execute("SELECT 1")
