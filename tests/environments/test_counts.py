"""How many rows tables hold, on SQLite, PostgreSQL and MariaDB, and what is said where it cannot be known."""

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from psycopg2 import sql

from config.embedded import EmbeddedPostgres
from environments import counts
from environments.models import Database
from tests.environments.conftest import MakeDatabase
from tests.support.mariadb import MariaDB

EXACT = {"count": 3, "exact": True, "more": False, "why": ""}
NAME = "counted"
WIDE = 'odd "name"; DROP TABLE few'
Found = dict[str, dict[str, Any]]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than five rows are many."""
    monkeypatch.setattr(counts, "COUNTED", 5)


@pytest.fixture
def on_postgresql(postgres: EmbeddedPostgres, make_database: MakeDatabase) -> Any:
    """A database with tables of few and of many rows, the statistics looked at or not, and one that `reader` may not read."""
    postgres.execute(sql.SQL("DROP ROLE IF EXISTS reader"))
    postgres.execute(sql.SQL("CREATE ROLE reader LOGIN PASSWORD 'hush'"))
    url = postgres.create_database(NAME)
    with closing(psycopg2.connect(url.replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for name, rows in (("few", 3), ("many", 50), ("unseen", 50), ("closed", 3), (WIDE, 3)):
            cursor.execute(sql.SQL("CREATE TABLE {} AS SELECT generate_series(1, %s) AS id").format(sql.Identifier(name)), [rows])
            if name != "closed":
                cursor.execute(sql.SQL("GRANT SELECT ON {} TO reader").format(sql.Identifier(name)))
        cursor.execute("CREATE SCHEMA side; CREATE TABLE side.few AS SELECT 1 AS id; GRANT USAGE ON SCHEMA side TO reader")
        cursor.execute("GRANT SELECT ON side.few TO reader; ANALYZE many; ANALYZE closed")
    yield make_database(f"postgresql://reader:hush@127.0.0.1:{postgres.port}/{NAME}")
    postgres.drop_database(NAME)


def test_postgresql_counts_few_rows_and_estimates_many(on_postgresql: Database, few: None) -> None:
    places = [
        (None, "few"),
        (None, "many"),
        (None, "unseen"),
        (None, "closed"),
        (None, WIDE),
        ("side", "few"),
        (None, "none"),
        ("no", "few"),
    ]
    found: Found = counts.rows_of(on_postgresql, places)
    assert (found["few"], found[WIDE], found["side.few"]["count"]) == (EXACT, EXACT, 1)
    assert found["many"] == {"count": 50, "exact": False, "more": False, "why": ""}
    assert found["unseen"] == {"count": 5, "exact": False, "more": True, "why": ""}, "without statistics: at least that many"
    assert found["closed"] == {"count": 3, "exact": False, "more": False, "why": ""}, "the estimate needs no right to the rows"
    assert set(found) == {"few", "many", "unseen", "closed", WIDE, "side.few"}, "what is not there is left out"


def test_table_that_may_not_be_read_says_so(on_postgresql: Database, postgres: EmbeddedPostgres) -> None:
    with closing(psycopg2.connect(postgres.url(NAME).replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE secret (id int)")
        connection.commit()
    assert counts.rows_of(on_postgresql, [(None, "secret"), (None, "few")]) == {
        "secret": {"count": None, "exact": False, "more": False, "why": counts.NOT_ALLOWED},
        "few": EXACT,
    }


def test_locked_table_is_not_waited_for(on_postgresql: Database, postgres: EmbeddedPostgres) -> None:
    with closing(psycopg2.connect(postgres.url(NAME).replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        cursor.execute("LOCK TABLE unseen")
        assert counts.rows_of(on_postgresql, [(None, "unseen"), (None, "few")])["unseen"]["why"] == counts.IN_USE


def test_migration_that_runs_meanwhile_never_waits_for_two_tables(
    on_postgresql: Database, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Holding one table and waiting for another would end the migration, not us, in a deadlock."""
    monkeypatch.setattr(counts, "LOCK_MS", 3000)  # so that one who waited would be found waiting
    places = [(None, "few"), (None, "unseen"), (None, "many")]
    with closing(psycopg2.connect(postgres.url(NAME).replace("+psycopg2", ""))) as migration, migration.cursor() as cursor:
        cursor.execute("ALTER TABLE unseen ADD more int")
        counting = threading.Thread(target=counts.rows_of, args=(on_postgresql, places))
        counting.start()
        await_waiting(postgres, "unseen")
        cursor.execute("SET lock_timeout = '200ms'; ALTER TABLE few ADD more int")
        migration.commit()
        counting.join()


def await_waiting(postgres: EmbeddedPostgres, name: str) -> None:
    waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    with closing(psycopg2.connect(postgres.url(NAME).replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        for _ in range(200):
            cursor.execute(waits, [name])
            if cursor.fetchone() == (1,):
                return
            time.sleep(0.01)
    raise AssertionError("nobody waited")


def test_mariadb_counts_few_rows_and_estimates_many(mariadb: MariaDB, make_database: MakeDatabase, few: None) -> None:
    url = mariadb.create_database(NAME)
    for name, rows in (("few", 3), ("many", 50)):
        values = ", ".join(f"({number})" for number in range(rows))
        mariadb.run(
            f"CREATE TABLE {name} (id int PRIMARY KEY)", f"INSERT INTO {name} VALUES {values}", f"ANALYZE TABLE {name}", database=NAME
        )
    found: Found = counts.rows_of(make_database(url), [(None, "few"), (None, "many"), (None, "none")])
    assert (found["few"], found["many"]["count"], found["many"]["exact"]) == (EXACT, 50, False)
    assert set(found) == {"few", "many"}


def test_sqlite_counts_up_to_the_bound(sqlite_file: Path, make_database: MakeDatabase, few: None) -> None:
    with closing(sqlite3.connect(sqlite_file)) as connection:
        connection.execute("CREATE TABLE few AS SELECT 1 AS id UNION SELECT 2 UNION SELECT 3")
        connection.execute(
            "CREATE TABLE many AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n"
        )
        connection.commit()
    found: Found = counts.rows_of(make_database(f"sqlite:///{sqlite_file}"), [(None, "few"), (None, "many"), (None, "none")])
    assert found == {"few": EXACT, "many": {"count": 5, "exact": False, "more": True, "why": ""}}


def test_database_that_does_not_answer_has_no_counts_and_says_why(make_database: MakeDatabase) -> None:
    found = counts.rows_of(make_database("postgresql://someone:hush@127.0.0.1:1/none"), [(None, "few")])
    assert found["few"]["count"] is None
    assert found["few"]["why"]
    assert "hush" not in found["few"]["why"]
