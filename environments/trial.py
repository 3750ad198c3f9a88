"""Trying a connection profile step by step, so that what does not work yet can be named before anything is run."""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from environments import connections, identity, urls, version_table
from environments.errors import Unreachable
from environments.models import Database

# Causes that leave the step before them passed.
NO_CONNECTION = {"refused", "unroutable", "dns_failed", "timeout", "address_refused", "wrong_protocol", "starting", "connection_lost"}
NO_CONNECTION |= {"tls_required", "tls_unavailable", "tls_failed", "host_not_allowed", "too_many_connections", "driver_error"}
POSTGRESQL_CREATE = text(
    "SELECT coalesce(has_schema_privilege(CAST(:schema AS text), 'CREATE'), false), pg_is_in_recovery() FROM (SELECT 1) one"
    " WHERE EXISTS (SELECT FROM pg_namespace WHERE nspname = CAST(:schema AS text))"
)
POSTGRESQL_WRITE = text("SELECT has_table_privilege(to_regclass(:name)::oid, 'INSERT, UPDATE, DELETE')")
MYSQL_CREATE = text(
    "SELECT count(*) FROM (SELECT grantee FROM information_schema.user_privileges WHERE privilege_type = 'CREATE'"
    " UNION ALL SELECT grantee FROM information_schema.schema_privileges"
    " WHERE privilege_type = 'CREATE' AND DATABASE() LIKE table_schema) granted"
)


@dataclass(frozen=True)
class Finding:
    """`name` is one of reachable, login, read, create, version, current."""

    name: str
    passed: bool
    detail: str


def works(name: str, detail: str) -> Finding:
    return Finding(name, passed=True, detail=detail)


def fails(name: str, detail: str) -> Finding:
    return Finding(name, passed=False, detail=detail)


def run(database: Database) -> list[Finding]:
    """The findings in order; the first that failed is the last. Raises nothing but programming errors."""
    findings: list[Finding] = []
    try:
        with connections.explained(database), connections.connect(database) as connection:
            findings += [works("reachable", f"{place(database)} answers."), works("login", _login(database))]
            findings += _look(connection, database)
    except Unreachable as error:
        findings += _failed(error, database, findings)
    return findings


def place(database: Database) -> str:
    if urls.dialect(database.driver) == "sqlite":
        return database.database
    return f"{database.host}:{database.port}" if database.port else database.host


def _login(database: Database) -> str:
    if urls.dialect(database.driver) == "sqlite":
        return "The file can be read."
    return f"{database.username or 'The default user'} may log in to {database.database}."


def _look(connection: Connection, database: Database) -> list[Finding]:
    rows = version_table.read_rows(connection, database)
    name = version_table.full_name(database)
    there = f"{name} can be read." if rows is not None else f"There is no table {name} yet; Alembic creates it at the first upgrade."
    current = ", ".join(rows or []) or "No revision is recorded."
    return [
        works("read", there),
        _create(connection, database, exists=rows is not None),
        works("version", identity.ask(connection)[1]),
        works("current", current),
    ]


def _create(connection: Connection, database: Database, *, exists: bool) -> Finding:
    """Whether the version table can be made, or written if it is there; nothing is tried out."""
    kinds = {"postgresql": _postgresql_create, "sqlite": _sqlite_create}
    problem = kinds.get(connection.dialect.name, _mysql_create)(connection, database, exists)
    name = version_table.full_name(database)
    return fails("create", problem) if problem else works("create", f"{name} can be {'written' if exists else 'created'}.")


def _postgresql_create(connection: Connection, database: Database, exists: bool) -> str:  # noqa: FBT001 - one shape for every dialect
    schema = database.version_table_schema or connection.execute(text("SELECT current_schema()")).scalar()
    row = connection.execute(POSTGRESQL_CREATE, {"schema": schema}).first()
    if row is None:
        return f"The schema {schema} does not exist." if schema else "The user's search_path names no schema that exists."
    if row[1]:
        return "This server is a standby: it can only be read. Name the primary."
    if exists:
        quoted = connection.dialect.identifier_preparer.quote_identifier
        name = ".".join(quoted(part) for part in (database.version_table_schema, version_table.table_name(database)) if part)
        may_write = connection.execute(POSTGRESQL_WRITE, {"name": name}).scalar()
        problem = f"{database.username} may not write to {version_table.full_name(database)}. Grant INSERT, UPDATE, DELETE."
        return "" if may_write else problem
    return "" if row[0] else f"{database.username} may not create tables in the schema {schema}. Grant CREATE on it."


def _mysql_create(connection: Connection, database: Database, exists: bool) -> str:  # noqa: FBT001 - as above
    granted = connection.execute(MYSQL_CREATE).scalar()
    return "" if granted else f"{database.username} may not create tables in {database.database}. Grant CREATE on it."


def _sqlite_create(connection: Connection, database: Database, exists: bool) -> str:  # noqa: FBT001 - as above
    path = Path(database.database)
    if database.version_table_schema not in ("", "main"):
        return f"SQLite has no schema {database.version_table_schema}; leave the schema of the version table empty."
    if not os.access(path, os.W_OK):
        return f"The dashboard may not write to {path}."
    return "" if os.access(path.parent, os.W_OK) else f"The dashboard may not write beside {path}, where SQLite keeps its journal."


def _failed(error: Unreachable, database: Database, passed: list[Finding]) -> list[Finding]:
    if passed:
        return [fails("read", str(error))]
    if error.code in NO_CONNECTION or urls.dialect(database.driver) == "sqlite":
        return [fails("reachable", str(error))]
    return [works("reachable", f"{place(database)} answers."), fails("login", str(error))]
