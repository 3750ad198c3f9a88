"""The schema's fingerprint: the same for the same schema, another for whatever a migration can change, blind to the version table."""

import time
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from environments import connections, version_table


def of(database) -> str:
    return version_table.read(database).fingerprint


def test_take_leaves_out_the_version_table(make_database, sqlite_file: Path, write) -> None:
    database = make_database(f"sqlite:///{sqlite_file}")
    before = of(database)
    write(sqlite_file, "a1")
    assert of(database) == before


def test_take_ignores_rows(make_database, sqlite_file: Path, sql) -> None:
    database = make_database(f"sqlite:///{sqlite_file}")
    before = of(database)
    sql(sqlite_file, "INSERT INTO customers (name) VALUES ('x')")
    assert of(database) == before


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE more (id INTEGER)",
        "ALTER TABLE customers ADD COLUMN age INTEGER",
        "CREATE INDEX by_name ON customers (name)",
        "CREATE VIEW names AS SELECT name FROM customers",
        "CREATE TRIGGER t AFTER INSERT ON customers BEGIN SELECT 1; END",
        "DROP TABLE customers",
    ],
)
def test_take_sees_every_change_in_sqlite(make_database, sqlite_file: Path, sql, statement: str) -> None:
    database = make_database(f"sqlite:///{sqlite_file}")
    before = of(database)
    sql(sqlite_file, statement)
    assert of(database) != before


START = [
    "CREATE TYPE mood AS ENUM ('sad', 'glad')",
    "CREATE TABLE people (id serial PRIMARY KEY, name text, mood mood)",
    "CREATE TABLE parted (id int, at date) PARTITION BY RANGE (at)",
    "CREATE VIEW names AS SELECT name FROM people",
    "CREATE SEQUENCE numbers",
    "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
]
CHANGES = [
    "CREATE TABLE more (id int)",
    "CREATE SCHEMA other",
    "ALTER TABLE people ADD age int",
    "ALTER TABLE people ALTER name SET NOT NULL",
    "ALTER TABLE people ALTER name SET DEFAULT 'x'",
    "ALTER TABLE parted ALTER id TYPE bigint",
    "DROP VIEW names; ALTER TABLE people RENAME name TO called",
    "ALTER TABLE people ADD CHECK (id > 0)",
    "ALTER TABLE people ADD CONSTRAINT later CHECK (id > 0) NOT VALID",
    "CREATE INDEX ON people (name)",
    "CREATE UNIQUE INDEX ON people (name)",
    "ALTER TYPE mood ADD VALUE 'calm'",
    "CREATE OR REPLACE VIEW names AS SELECT name || 'x' AS name FROM people",
    "CREATE MATERIALIZED VIEW kept AS SELECT 1 AS one",
    "ALTER SEQUENCE numbers INCREMENT 2",
    "CREATE OR REPLACE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 2'",
    "CREATE TRIGGER t BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION noted()",
    "ALTER TABLE people ENABLE ROW LEVEL SECURITY",
    "CREATE POLICY mine ON people USING (id > 1)",
    "CREATE RULE r AS ON DELETE TO people DO INSTEAD NOTHING",
    "COMMENT ON COLUMN people.name IS 'called'",
    "CREATE TABLE part PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')",
    "ALTER DOMAIN positive SET NOT NULL",
    "CREATE EXTENSION citext",
    "DROP TABLE people CASCADE",
]
NO_CHANGES = ["INSERT INTO people (name) VALUES ('x')", "SELECT nextval('numbers')", "ANALYZE", "SET search_path = pg_catalog"]
NO_CHANGES += ["CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)", "CREATE TEMPORARY TABLE t (id int)"]


@pytest.fixture(scope="module")
def start(postgres) -> str:
    """A template database with an object of each kind."""
    connection = psycopg2.connect(postgres.create_database("fingerprint_start").replace("+psycopg2", ""))
    connection.autocommit = True
    for statement in START:
        connection.cursor().execute(statement)
    connection.close()
    return "fingerprint_start"


@pytest.fixture
def copy(postgres, start: str, pg_sql) -> str:
    postgres.drop_database("fingerprint_copy")
    pg_sql(postgres.url(), f"CREATE DATABASE fingerprint_copy TEMPLATE {start}")
    return postgres.url("fingerprint_copy")


@pytest.mark.postgresql
@pytest.mark.parametrize("statement", CHANGES)
def test_take_sees_every_change_in_postgresql(make_database, copy: str, pg_sql, statement: str) -> None:
    database = make_database(copy)
    before = of(database)
    pg_sql(copy, statement)
    assert of(database) != before


@pytest.mark.postgresql
@pytest.mark.parametrize("statement", NO_CHANGES)
def test_take_ignores_what_is_no_schema(make_database, copy: str, pg_sql, statement: str) -> None:
    database = make_database(copy)
    before = of(database)
    pg_sql(copy, statement)
    assert of(database) == before


@pytest.mark.postgresql
def test_take_is_the_same_for_a_copy(make_database, postgres, copy: str) -> None:
    assert of(make_database(copy)) == of(make_database(postgres.url("fingerprint_start")))


@pytest.mark.postgresql
def test_take_neither_waits_for_a_migration_nor_holds_it_up(make_database, copy: str, pg_sql) -> None:
    """A view or an expression written as SQL would lock its table, and wait here."""
    pg_sql(copy, "CREATE POLICY mine ON people USING (id > 1)", "CREATE TABLE others (id int DEFAULT 1)")
    with closing(psycopg2.connect(copy.replace("+psycopg2", ""))) as migration, migration.cursor() as cursor:
        cursor.execute("LOCK TABLE people, others, parted, names")
        started = time.monotonic()
        assert of(make_database(copy))
        assert time.monotonic() - started < connections.LOCK_TIMEOUT
