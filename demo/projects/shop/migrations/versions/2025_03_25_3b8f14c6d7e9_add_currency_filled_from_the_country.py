"""Add currency, filled from the country

A data migration: euro is the default, the others follow from the customer's country.

Revision ID: 3b8f14c6d7e9
Revises: c05e9b7d2a68
Create Date: 2025-03-25 10:59:07
"""

import sqlalchemy as sa
from alembic import op

revision = "3b8f14c6d7e9"
down_revision = "c05e9b7d2a68"
branch_labels = None
depends_on = None

CURRENCIES = {"GBP": ["GB"], "NOK": ["NO"], "PLN": ["PL"], "SEK": ["SE"], "USD": ["US"]}


def upgrade():
    with op.batch_alter_table("customers") as table:
        table.add_column(sa.Column("currency", sa.String(3), server_default="EUR", nullable=False))
    customers = sa.table("customers", sa.column("country", sa.String), sa.column("currency", sa.String))
    for currency, countries in CURRENCIES.items():
        op.execute(customers.update().where(customers.c.country.in_(countries)).values(currency=currency))


def downgrade():
    with op.batch_alter_table("customers") as table:
        table.drop_column("currency")
