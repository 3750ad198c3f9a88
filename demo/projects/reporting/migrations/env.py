import os

from alembic import context
from sqlalchemy import create_engine, pool

from reporting.tables import metadata

URL = os.environ["REPORTING_DATABASE_URL"]

if context.is_offline_mode():
    context.configure(url=URL, target_metadata=metadata, literal_binds=True, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(URL, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, target_metadata=metadata, render_as_batch=True, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
