"""Which server and database a connection really leads to. The runner asks the same of its own connection before it writes."""

import os
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

Identity = dict[str, Any]

POSTGRESQL = text(
    "SELECT current_database() AS database, (SELECT oid::bigint FROM pg_database WHERE datname = current_database()) AS oid,"
    " pg_postmaster_start_time() AS started_at, current_setting('server_version') AS version, pg_is_in_recovery() AS standby"
)
MYSQL = text("SELECT DATABASE() AS name, VERSION() AS version, @@hostname AS host, @@port AS port, @@datadir AS place")


def ask(connection: Connection) -> tuple[Identity, str]:
    """The identity, and the server's name with its version, such as "PostgreSQL 16.4"."""
    kinds = {"postgresql": _postgresql, "sqlite": _sqlite}
    return kinds.get(connection.dialect.name, _mysql)(connection)


def lasting(identity: Identity) -> Identity:
    """Without what a restart of the server changes: by this a database is known from one day to the next."""
    return {key: value for key, value in identity.items() if key != "started_at"}


def _postgresql(connection: Connection) -> tuple[Identity, str]:
    row = connection.execute(POSTGRESQL).one()
    identity = {
        "dialect": "postgresql",
        "database": row.database,
        "system_identifier": _system_identifier(connection),
        "started_at": _moment(row.started_at),
        "database_oid": row.oid,
    }
    return identity, f"PostgreSQL {row.version.split(' ')[0]}" + (" (standby)" if row.standby else "")


def _system_identifier(connection: Connection) -> str | None:
    """None where the role may not ask. The savepoint keeps the transaction usable then."""
    try:
        with connection.begin_nested():
            return str(connection.execute(text("SELECT system_identifier FROM pg_control_system()")).scalar_one())
    except DBAPIError:
        return None


def _moment(started_at: datetime) -> str:
    # In UTC, for sessions may have different time zones.
    return str(started_at.astimezone(UTC))


def _mysql(connection: Connection) -> tuple[Identity, str]:
    row = connection.execute(MYSQL).one()
    number, _, rest = str(row.version).partition("-")
    name = "MariaDB" if "MariaDB" in rest else "MySQL"
    return {"dialect": "mysql", "database": row.name, "server": f"{row.host}:{row.port}:{row.place}"}, f"{name} {number}"


def _sqlite(connection: Connection) -> tuple[Identity, str]:
    path = next(row.file for row in connection.execute(text("PRAGMA database_list")) if row.name == "main")
    version = connection.execute(text("SELECT sqlite_version()")).scalar_one()
    return {"dialect": "sqlite", "path": os.path.realpath(path)}, f"SQLite {version}"
