# expect: nothing
"""Has nothing to undo"""

revision = "c10429778459"
down_revision = None


def upgrade():
    pass


def downgrade():
    pass
