"""How many rows tables hold, asked on a connection that cannot write, within a few seconds: counted where they are few, else estimated."""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Select, func, inspect, literal_column, select, table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.sql.elements import quoted_name

from environments import connections
from environments.errors import Unreachable
from environments.models import Database

COUNTED = 10_000  # rows that are counted one by one; a table that holds more is estimated by the server's statistics
SECONDS_EACH, SECONDS_ALL = 1, 5
MOST_TABLES = 100
POSTGRESQL = text("SELECT reltuples::bigint FROM pg_class WHERE oid = to_regclass(:name)")
MYSQL = text("SELECT table_rows FROM information_schema.tables WHERE table_name = :table AND table_schema = coalesce(:schema, DATABASE())")
NOT_ALLOWED, TOO_LONG, NO_TIME = "it may not be read", "counting took too long", "there was no time left to count it"
IN_USE = "a migration or somebody else holds it"
LOCK_MS = 20  # a count is not worth a wait: who waits may stand in a migration's way
Place = tuple[str | None, str]


@dataclass(frozen=True)
class Count:
    """`count` is None where it is not known, with `why`; not `exact` is an estimate, or with `more` the least that there are."""

    count: int | None
    exact: bool = False
    more: bool = False
    why: str = ""


def rows_of(database: Database, tables: Iterable[Place]) -> dict[str, dict[str, Any]]:
    """By `schema.table`, as JSON. Tables that are not there are left out; a database that cannot be read has no counts, and says why."""
    places = list(dict.fromkeys(tables))[:MOST_TABLES]
    try:
        with connections.explained(database), connections.connect(database) as connection:
            found = _all(connection, places)
    except Unreachable as error:
        found = {place: Count(None, why=str(error)) for place in places}
    return {".".join(part for part in place if part): asdict(count) for place, count in found.items()}


def in_words(counted: dict[str, Any] | None) -> str:
    """Such as `about 12,345 rows`; empty where it is not known."""
    if not counted or counted.get("count") is None:
        return ""
    number = int(counted["count"])
    how = "" if counted.get("exact") else "more than " if counted.get("more") else "about "
    return f"{how}{number:,} row{'' if number == 1 else 's'}"


def _all(connection: Connection, places: list[Place]) -> dict[Place, Count]:
    """One table, one transaction: a migration that runs meanwhile must never find us holding one table and waiting for another."""
    deadline, found = time.monotonic() + SECONDS_ALL, {}
    if connection.dialect.name not in ("postgresql", "sqlite"):
        _limit_mysql(connection)
    for schema, name in places:
        connection.rollback()
        if connection.dialect.name == "postgresql":
            _limit_postgresql(connection)
        if time.monotonic() > deadline:
            found[schema, name] = Count(None, why=NO_TIME)
        elif inspect(connection).has_table(_quoted(name), schema=_quoted(schema)):
            found[schema, name] = _one(connection, schema, name)
    return found


def _one(connection: Connection, schema: str | None, name: str) -> Count:
    """The savepoint keeps the transaction usable where a table may not be read."""
    estimate = _estimate(connection, schema, name)
    if estimate is not None and estimate > COUNTED:
        return Count(estimate)
    few: Select[Any] = select(literal_column("1").label("one")).select_from(table(_quoted(name), schema=_quoted(schema))).limit(COUNTED + 1)
    try:
        with connection.begin_nested():
            counted = int(connection.execute(select(func.count()).select_from(few.subquery())).scalar_one())
    except SQLAlchemyError as error:
        return Count(estimate, why="" if estimate is not None else _why(error))
    return Count(COUNTED, more=True) if counted > COUNTED else Count(counted, exact=True)


def _estimate(connection: Connection, schema: str | None, name: str) -> int | None:
    """What the server's statistics say; None where it keeps none, or has not looked at the table yet."""
    if connection.dialect.name == "sqlite":
        return None
    preparer = connection.dialect.identifier_preparer
    full = ".".join(preparer.quote_identifier(part) for part in (schema, name) if part)
    asked = {"name": full} if connection.dialect.name == "postgresql" else {"table": name, "schema": schema}
    statement = POSTGRESQL if connection.dialect.name == "postgresql" else MYSQL
    try:
        with connection.begin_nested():
            found = connection.execute(statement, asked).scalar()
    except SQLAlchemyError:
        return None
    return int(found) if found is not None and int(found) >= 0 else None


def _limit_postgresql(connection: Connection) -> None:
    connection.execute(text(f"SET LOCAL statement_timeout = {SECONDS_EACH * 1000:d}"))
    connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MS:d}"))


def _limit_mysql(connection: Connection) -> None:
    for statement in (f"SET SESSION max_statement_time = {SECONDS_EACH:d}", f"SET SESSION max_execution_time = {SECONDS_EACH * 1000:d}"):
        try:  # the first is MariaDB's, the second MySQL's
            connection.execute(text(statement))
        except SQLAlchemyError:
            continue


def _quoted(name: str | None) -> Any:
    return quoted_name(name, quote=True) if name else None


def _why(error: SQLAlchemyError) -> str:
    said = str(getattr(error, "orig", error)).lower()
    if "lock timeout" in said or "lock wait" in said:
        return IN_USE
    return TOO_LONG if "timeout" in said or "max_statement_time" in said or "execution" in said else NOT_ALLOWED
