"""Indexes that PostgreSQL does not use because they were never finished: what a killed CREATE INDEX CONCURRENTLY leaves behind."""

from sqlalchemy import Connection, text

# An index of a partitioned table is invalid on purpose until all its parts are attached.
INVALID = text(
    "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT i.indisvalid AND c.relkind = 'i' ORDER BY 1"
)


def invalid(connection: Connection) -> list[str]:
    """Their names, with schema and quoted as in a statement; other kinds of servers have none."""
    return list(connection.execute(INVALID).scalars()) if connection.dialect.name == "postgresql" else []
