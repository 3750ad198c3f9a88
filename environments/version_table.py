"""Reading the version table and the facts beside it, without Alembic and without the project's code."""

import time
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from sqlalchemy import ColumnClause, Connection, column, inspect, select, table, text
from sqlalchemy.sql.elements import quoted_name

from environments import connections, fingerprint, identity, indexes
from environments.errors import Unreachable
from environments.identity import Identity
from environments.models import Database

DEFAULT_NAME = "alembic_version"
MOST_ROWS = 1000


@dataclass(frozen=True)
class Reading:
    """What one connection saw. `rows` is None where there is no version table; `fingerprint` is "" if it was not asked for, and
    then nor were the indexes. `search_path` names the schemas in which PostgreSQL looks for what is named without one."""

    rows: list[str] | None
    identity: Identity
    server: str
    latency_ms: float
    fingerprint: str
    at: datetime = field(default_factory=timezone.now)
    invalid_indexes: list[str] = field(default_factory=list)
    search_path: list[str] = field(default_factory=list)


def read(database: Database, *, with_fingerprint: bool = True) -> Reading:
    """All facts of one moment, by one connection. Raises Unreachable (or SecretError)."""
    begun = time.perf_counter()
    with connections.explained(database), connections.connect(database) as connection:
        rows = read_rows(connection, database)
        at, latency = timezone.now(), (time.perf_counter() - begun) * 1000
        known, server = identity.ask(connection)
        path = _search_path(connection)  # before the fingerprint is taken, which sets another
        schema = _fingerprint(connection, database) if with_fingerprint else ""
        unfinished = indexes.invalid(connection) if with_fingerprint else []
    return Reading(rows, known, server, round(latency, 1), schema, at, unfinished, path)


def read_rows(connection: Connection, database: Database) -> list[str] | None:
    """The version table's rows as they are, duplicates and all, in order; None if it does not exist."""
    name = quoted_name(table_name(database), quote=True)
    schema = quoted_name(database.version_table_schema, quote=True) if database.version_table_schema else None
    if not inspect(connection).has_table(name, schema=schema):
        return None
    version: ColumnClause[object] = column("version_num")
    query = select(version).select_from(table(name, version, schema=schema)).limit(MOST_ROWS + 1)
    found = connection.execute(query).scalars().all()
    if len(found) > MOST_ROWS:
        raise _unreadable(database, f"it has more than {MOST_ROWS} rows")
    return sorted(_as_id(value, database) for value in found)


def _search_path(connection: Connection) -> list[str]:
    """As it is set, with schemas that are not there yet: a project may make its own."""
    if connection.dialect.name != "postgresql":
        return []
    path, user = connection.execute(text("SELECT current_setting('search_path'), CAST(current_user AS text)")).one()
    names = [part.strip().strip('"').replace('""', '"') for part in path.split(",")]
    return [user if name == "$user" else name for name in names if name]


def table_name(database: Database) -> str:
    return database.version_table or DEFAULT_NAME


def full_name(database: Database) -> str:
    """For people."""
    return ".".join(part for part in (database.version_table_schema, table_name(database)) if part)


def _as_id(value: object, database: Database) -> str:
    if value is None:
        raise _unreadable(database, "it holds a row that is NULL")
    if isinstance(value, bytes | bytearray | memoryview):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            raise _unreadable(database, "it holds bytes that are no text") from None
    return str(value)


def _unreadable(database: Database, why: str) -> Unreachable:
    return Unreachable("version_table_unreadable", f"{full_name(database)} is not a version table of Alembic's shape: {why}.")


def _fingerprint(connection: Connection, database: Database) -> str:
    return fingerprint.take(connection, version_table=table_name(database), schema=database.version_table_schema)
