"""Merge the loyalty branch

Revision ID: 6d2b8e40f9a7
Revises: 57c2f8d94ab0, 0f93d5c8e71b
Create Date: 2025-05-06 10:49:07
"""

revision = "6d2b8e40f9a7"
down_revision = ("57c2f8d94ab0", "0f93d5c8e71b")
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
