"""Reading version tables of real databases: what is there, what is not, and what is none."""

import sqlite3
import time
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError

from environments import connections, version_table
from environments.errors import Unreachable

NASTY = [
    'a"b',
    "a'b",
    "a`b",
    "a;DROP TABLE customers;--",
    "a b",
    "%s",
    "%(x)s",
    ":name",
    "Select",
    "a.b",
    "ключ",
    "a\\b",
    "[x]",
    "$1",
    "--",
]


def test_read_tells_rows_server_and_identity(make_database, sqlite_file: Path, write) -> None:
    write(sqlite_file, "b2", "a1")
    reading = version_table.read(make_database(f"sqlite:///{sqlite_file}"))
    assert reading.rows == ["a1", "b2"]
    assert reading.identity == {"dialect": "sqlite", "path": str(sqlite_file.resolve())}
    assert reading.server.startswith("SQLite 3.")
    assert 0 < reading.latency_ms < 5000
    assert len(reading.fingerprint) == 64


def test_read_tells_no_table_from_an_empty_one(make_database, sqlite_file: Path, write) -> None:
    database = make_database(f"sqlite:///{sqlite_file}")
    assert version_table.read(database).rows is None
    write(sqlite_file)
    assert version_table.read(database).rows == []


def test_read_keeps_duplicates(make_database, sqlite_file: Path, write) -> None:
    write(sqlite_file, "a1", "a1")
    assert version_table.read(make_database(f"sqlite:///{sqlite_file}")).rows == ["a1", "a1"]


def test_read_without_fingerprint_leaves_it_empty(make_database, sqlite_file: Path) -> None:
    assert version_table.read(make_database(f"sqlite:///{sqlite_file}"), with_fingerprint=False).fingerprint == ""


def test_read_takes_a_view(make_database, sqlite_file: Path, sql) -> None:
    sql(sqlite_file, "CREATE TABLE kept (version_num TEXT)", "INSERT INTO kept VALUES ('a1')")
    sql(sqlite_file, "CREATE VIEW alembic_version AS SELECT version_num FROM kept")
    assert version_table.read(make_database(f"sqlite:///{sqlite_file}")).rows == ["a1"]


@pytest.mark.parametrize("name", NASTY)
def test_read_quotes_the_name_of_the_table(make_database, sqlite_file: Path, sql, name: str) -> None:
    quoted = name.replace('"', '""')
    sql(sqlite_file, f'CREATE TABLE "{quoted}" (version_num TEXT)', f"INSERT INTO \"{quoted}\" VALUES ('a1')")
    database = make_database(f"sqlite:///{sqlite_file}", version_table=name)
    assert version_table.read(database).rows == ["a1"]
    database.version_table = name + "x"
    assert version_table.read(database).rows is None


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE alembic_version (version TEXT)"],
        ["CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES (NULL)"],
        ["CREATE TABLE alembic_version (version_num BLOB)", "INSERT INTO alembic_version VALUES (x'ff00')"],
        ["CREATE VIEW alembic_version AS SELECT version_num FROM gone"],
    ],
    ids=["other column", "NULL", "bytes", "view of nothing"],
)
def test_read_says_when_the_table_is_no_version_table(make_database, sqlite_file: Path, sql, statements: list[str]) -> None:
    sql(sqlite_file, *statements)
    with pytest.raises(Unreachable) as caught:
        version_table.read(make_database(f"sqlite:///{sqlite_file}"))
    assert caught.value.code == "version_table_unreadable"
    assert "alembic_version" in str(caught.value) or "version table" in str(caught.value)


def test_read_refuses_a_table_with_thousands_of_rows(make_database, sqlite_file: Path, write) -> None:
    write(sqlite_file, *(f"r{number}" for number in range(1001)))
    with pytest.raises(Unreachable, match="more than 1000 rows"):
        version_table.read(make_database(f"sqlite:///{sqlite_file}"))


@pytest.mark.parametrize(("schema", "rows"), [("main", ["a1"]), ("other", None)])
def test_read_looks_in_the_named_schema(make_database, sqlite_file: Path, write, schema: str, rows: list[str] | None) -> None:
    write(sqlite_file, "a1")
    assert version_table.read(make_database(f"sqlite:///{sqlite_file}", version_table_schema=schema)).rows == rows


def test_read_waits_no_longer_than_its_limit_for_a_locked_file(make_database, sqlite_file: Path) -> None:
    holder = sqlite3.connect(sqlite_file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    begun = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        version_table.read(make_database(f"sqlite:///{sqlite_file}?timeout=1"))
    holder.close()
    assert caught.value.code == "locked"
    assert time.monotonic() - begun < 4


@pytest.mark.postgresql
def test_read_tells_postgresql_by_its_identity(make_database, postgres, pg_sql) -> None:
    url = postgres.create_database("vt_identity")
    pg_sql(url, "CREATE TABLE alembic_version (version_num text)", "INSERT INTO alembic_version VALUES ('a1')")
    reading = version_table.read(make_database(url))
    assert reading.rows == ["a1"]
    assert reading.server.startswith("PostgreSQL 1")
    assert reading.identity["database"] == "vt_identity"
    assert reading.identity["system_identifier"].isdigit()
    assert reading.identity["started_at"].endswith("+00:00")
    assert isinstance(reading.identity["database_oid"], int)


@pytest.mark.postgresql
def test_read_tells_the_search_path_as_it_is_set(make_database, postgres, pg_sql) -> None:
    """Schemas that are not there yet included: the project may make them."""
    url = postgres.create_database("vt_path")
    assert version_table.read(make_database(url)).search_path == ["postgres", "public"]
    pg_sql(url, """ALTER DATABASE vt_path SET search_path = Shop, "Big one", "a""b", public""")
    assert version_table.read(make_database(url)).search_path == ["shop", "Big one", 'a"b', "public"]


@pytest.mark.postgresql
def test_read_tells_databases_of_one_server_apart(make_database, postgres) -> None:
    one, two = (version_table.read(make_database(postgres.create_database(f"vt_{name}"))).identity for name in ("one", "two"))
    assert one["system_identifier"] == two["system_identifier"]
    assert one != two


@pytest.mark.postgresql
@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg", "postgresql+asyncpg", "postgresql+pg8000"])
def test_read_uses_a_sync_driver_whatever_the_project_uses(make_database, postgres, driver: str) -> None:
    url = postgres.url("postgres").replace("postgresql+psycopg2", driver)
    assert version_table.read(make_database(url)).rows is None


@pytest.mark.postgresql
@pytest.mark.parametrize("name", [*NASTY, "Alembic_Version"])
def test_read_quotes_schema_and_table_on_postgresql(make_database, postgres, pg_sql, name: str) -> None:
    postgres.drop_database("vt_nasty")
    url, quoted = postgres.create_database("vt_nasty"), '"' + name.replace('"', '""') + '"'
    pg_sql(url, f"CREATE SCHEMA {quoted}", f"CREATE TABLE {quoted}.{quoted} (version_num text)")
    pg_sql(url, f"INSERT INTO {quoted}.{quoted} VALUES ('a1')")
    reading = version_table.read(make_database(url, version_table=name, version_table_schema=name))
    assert reading.rows == ["a1"]
    assert reading.fingerprint


@pytest.mark.postgresql
def test_read_says_when_the_table_may_not_be_read(make_database, postgres, pg_sql) -> None:
    url = postgres.create_database("vt_denied")
    pg_sql(url, "CREATE TABLE alembic_version (version_num text)", "CREATE ROLE vt_reader LOGIN PASSWORD 'reader-password'")
    mine = url.replace(postgres.password, "reader-password").replace("postgres:", "vt_reader:", 1)
    with pytest.raises(Unreachable) as caught:
        version_table.read(make_database(mine))
    assert caught.value.code == "not_permitted"
    assert "vt_reader" in str(caught.value)
    assert "reader-password" not in str(caught.value)


@pytest.mark.postgresql
def test_read_does_without_the_system_identifier(make_database, postgres, pg_sql) -> None:
    url = postgres.create_database("vt_control")
    pg_sql(url, "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC", "CREATE ROLE vt_control LOGIN PASSWORD 'control-password'")
    mine = url.replace(postgres.password, "control-password").replace("postgres:", "vt_control:", 1)
    reading = version_table.read(make_database(mine))
    assert reading.identity["system_identifier"] is None
    assert reading.fingerprint


@pytest.mark.postgresql
def test_read_does_not_wait_long_for_a_locked_table(make_database, postgres, pg_sql) -> None:
    url = postgres.create_database("vt_locked")
    pg_sql(url, "CREATE TABLE alembic_version (version_num text)")
    holder = psycopg2.connect(url.replace("+psycopg2", ""))
    holder.cursor().execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
    begun = time.monotonic()
    with pytest.raises(Unreachable) as caught:
        version_table.read(make_database(url))
    holder.close()
    assert caught.value.code == "locked"
    assert time.monotonic() - begun < 6


@pytest.mark.postgresql
def test_read_cannot_write(make_database, postgres) -> None:
    database = make_database(postgres.create_database("vt_readonly"))
    with pytest.raises(InternalError, match="read-only"), connections.connect(database) as connection:
        connection.execute(text("CREATE TABLE written (id int)"))
