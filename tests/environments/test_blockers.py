"""Who is in the way, asked of real servers while one session really waits for another."""

import contextlib
import fcntl
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pymysql
import pytest

from config.embedded import EmbeddedPostgres
from environments import blockers
from environments.blockade import OUR_LOCK, Blockade, Waiter
from environments.models import Database
from tests.support.mariadb import PASSWORD, USER, MariaDB
from tests.support.patience import eventually

pytestmark = pytest.mark.django_db
JOB, KEY = "alembic-dashboard job 7", 77
CANARY = "s3cr3t-canary"
Make = Callable[..., Database]


@contextlib.contextmanager
def waiting(session: Any, statement: str) -> Iterator[None]:
    """A statement that waits in a thread of its own until whoever holds the lock lets go; the block runs meanwhile."""

    def wait() -> None:
        with contextlib.suppress(Exception):
            session.cursor().execute(statement)

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        thread.join(30)
        session.close()


def looked(database: Database, **more: Any) -> Blockade:
    """The look is repeated until there is something to see."""
    return eventually(lambda: blockers.find(database, Waiter(JOB, KEY, **more)), 15, "somebody is seen in the way", every=0.1)


def with_somebody_behind(database: Database) -> Blockade | None:
    found = looked(database)
    return found if found.behind else None


# --- PostgreSQL


@pytest.fixture
def url(postgres: EmbeddedPostgres) -> Iterator[str]:
    url = postgres.create_database("blocked")
    with contextlib.closing(session(url)) as connection:
        run(connection, "CREATE TABLE users (id int PRIMARY KEY, phone text)", f"INSERT INTO users VALUES (1, '{CANARY}')")
        connection.commit()
    yield url
    postgres.drop_database("blocked")


def session(url: str, name: str = "billing") -> Any:
    return psycopg2.connect(url.replace("+psycopg2", ""), application_name=name, options="-c statement_timeout=20s")


def run(connection: Any, *statements: str) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("held", "wanted", "words"),
    [
        (f"SELECT * FROM users WHERE phone = '{CANARY}'", "ALTER TABLE users ADD x int", "ACCESS EXCLUSIVE on users"),
        (f"UPDATE users SET phone = '{CANARY}'", "UPDATE users SET phone = 'x'", "a row of users that another transaction has changed"),
        ("LOCK TABLE users IN SHARE MODE", "CREATE INDEX CONCURRENTLY i ON users (phone)", "SHARE UPDATE EXCLUSIVE on users"),
        ("SELECT pg_advisory_lock(5)", "SELECT pg_advisory_lock(5)", "an advisory lock"),
    ],
)
def test_postgresql_names_who_holds_what(make_database: Make, url: str, held: str, wanted: str, words: str) -> None:
    database = make_database(url)
    holder, job = session(url), session(url, JOB)
    job.autocommit = True
    run(holder, held)
    with waiting(job, wanted):
        found = looked(database)
        holder.close()
    (seen,) = found.holders
    assert (found.wants, found.certain, found.ours, found.behind) == (words, True, False, 0)
    assert (seen.pid, seen.application, seen.user, seen.state) == (seen.pid, "billing", "postgres", "idle in transaction")
    assert seen.host == "127.0.0.1"
    assert CANARY not in seen.query
    assert seen.query.split()[0] == held.split(maxsplit=1)[0]
    assert found.waited_s is not None


def test_postgresql_counts_those_behind(make_database: Make, url: str) -> None:
    database = make_database(url)
    holder, job, behind = session(url), session(url, JOB), session(url, "shop")
    job.autocommit = True
    run(holder, "SELECT * FROM users")
    with waiting(job, "ALTER TABLE users ADD x int"):
        looked(database)
        with waiting(behind, "SELECT * FROM users"):
            found = eventually(lambda: with_somebody_behind(database), 15, "somebody is seen behind", every=0.1)
            holder.close()
    assert found.behind == 1
    assert found.longest_s is not None


def test_postgresql_tells_a_role_without_rights_what_it_may_know(make_database: Make, url: str, postgres: EmbeddedPostgres) -> None:
    holder, job = session(url), session(url, JOB)
    run(holder, "DROP ROLE IF EXISTS powerless", f"CREATE ROLE powerless LOGIN PASSWORD '{CANARY}'")
    holder.commit()
    database = make_database(url.replace(f"postgres:{postgres.password}", f"powerless:{CANARY}"))
    job.autocommit = True
    run(holder, "SELECT * FROM users")
    with waiting(job, "ALTER TABLE users ADD x int"):
        found = looked(database)
        holder.close()
    assert (found.holders[0].application, found.holders[0].query) == ("billing", "")


def test_postgresql_names_who_holds_our_own_lock(make_database: Make, url: str) -> None:
    database, other = make_database(url), session(url, "alembic-dashboard job 6")
    assert blockers.find(database, Waiter(JOB, KEY, for_our_lock=True)) is None
    run(other, f"SELECT pg_advisory_lock({KEY})")
    found = looked(database, for_our_lock=True)
    other.close()
    assert (found.wants, found.ours, found.holders[0].application) == (OUR_LOCK, True, "alembic-dashboard job 6")


def test_nobody_in_the_way_is_nothing(make_database: Make, url: str) -> None:
    assert blockers.find(make_database(url), Waiter(JOB, KEY)) is None
    assert blockers.find(make_database(url.replace("/blocked", "/none"), name="none"), Waiter(JOB, KEY)) is None


# --- MariaDB


@pytest.mark.parametrize("privileged", [True, False])
def test_mariadb_tells_what_the_user_may_know(make_database: Make, mariadb: MariaDB, privileged: bool) -> None:
    database = make_database(mariadb.create_database("blocked"))
    mariadb.run(f"{'GRANT' if privileged else 'REVOKE'} PROCESS ON *.* {'TO' if privileged else 'FROM'} {USER}@'%'")
    mariadb.run("CREATE TABLE users (id int PRIMARY KEY, n int)", "INSERT INTO users VALUES (1, 1)", database="blocked")
    holder, job = mysql(mariadb), mysql(mariadb)
    run(holder, "START TRANSACTION", "UPDATE users SET n = 5")
    run(job, f"SELECT GET_LOCK('{JOB}', 0)")
    with waiting(job, "UPDATE users SET n = 6" if privileged else "ALTER TABLE users ADD x int"):
        found = looked(database)
        holder.close()
    assert found.certain is privileged
    assert found.wants == ("a row of users that another transaction has changed" if privileged else "a table metadata lock")
    assert (found.holders[0].user, found.holders[0].host) == (USER, "localhost")
    assert found.holders[0].state == ("idle in transaction" if privileged else "idle")


def test_mariadb_names_who_holds_our_own_lock(make_database: Make, mariadb: MariaDB) -> None:
    database, other = make_database(mariadb.create_database("blocked")), mysql(mariadb)
    run(other, f"SELECT GET_LOCK('alembic_dashboard_{KEY:016x}', 0)")
    found = looked(database, for_our_lock=True)
    other.close()
    assert (found.ours, found.holders[0].user) == (True, USER)


def mysql(mariadb: MariaDB) -> Any:
    return pymysql.connect(host="127.0.0.1", port=mariadb.port, user=USER, password=PASSWORD, database="blocked")


# --- SQLite

HOLD = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); {}; print(1, flush=True); input()"


@contextlib.contextmanager
def process(path: Path, work: str) -> Iterator[int]:
    """Another program that has done this with the file, and goes on living."""
    with subprocess.Popen([sys.executable, "-c", HOLD.format(work), path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        yield holder.pid
        holder.communicate(b"\n")


@pytest.mark.parametrize(
    ("work", "in_the_way"),
    [
        ("c.execute('BEGIN IMMEDIATE')", True),
        ("c.execute('PRAGMA journal_mode = wal'); c.execute('BEGIN IMMEDIATE')", True),
        ("c.execute('BEGIN'); c.execute('SELECT * FROM t').fetchone()", False),
        ("c.execute('SELECT 1')", False),
    ],
    ids=["writes", "writes ahead", "reads", "does nothing"],
)
def test_sqlite_names_the_process_that_writes(make_database: Make, tmp_path: Path, work: str, in_the_way: bool) -> None:
    path = tmp_path / "shop.db"
    with process(path, "c.execute('CREATE TABLE t (id int)')"):
        database = make_database(f"sqlite:///{path}")
    with process(path, work) as pid:
        found = blockers.find(database, Waiter(JOB, KEY, processes=frozenset({os.getpid()})))
    assert [holder.pid for holder in (found.holders if found else [])] == ([pid] if in_the_way else [])


def test_sqlite_does_not_take_our_own_process_for_another(make_database: Make, tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    with process(path, "c.execute('BEGIN EXCLUSIVE')") as pid:
        assert blockers.find(make_database(f"sqlite:///{path}"), Waiter(JOB, KEY, processes=frozenset({pid}))) is None


def test_sqlite_names_who_holds_our_own_lock(make_database: Make, tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    path.touch()
    with path.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        found = looked(make_database(f"sqlite:///{path}"), for_our_lock=True)
    assert (found.ours, found.noun, found.holders[0].pid) == (True, "process", os.getpid())
