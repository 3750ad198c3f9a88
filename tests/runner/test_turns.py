"""Eight runs of one plan at once: whatever the database, one applies it."""

import contextlib
import multiprocessing
import sqlite3
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from config.embedded import EmbeddedPostgres
from tests.runner.projects import Seen, World, run
from tests.support import figures
from tests.support.mariadb import MariaDB

pytestmark = pytest.mark.slow
RUNNERS = 8
# Not repeatable, committed at once, and slow enough for the others to come in between.
UP = """
with op.get_context().autocommit_block():
    op.execute("INSERT INTO applied (who) VALUES ('one')")
    time.sleep(0.5)
"""
Place = tuple[str, dict[str, Any], Callable[[], Any]]


def on_sqlite(path: Path) -> Place:
    return f"sqlite:///{path}", {"dialect": "sqlite", "path": str(path.resolve())}, lambda: sqlite3.connect(path)


def on_postgresql(server: EmbeddedPostgres) -> Place:
    with contextlib.suppress(psycopg2.errors.DuplicateDatabase):
        server.create_database("turns")
    with closing(psycopg2.connect(server.url("turns", "postgresql"))) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT oid::bigint FROM pg_database WHERE datname = 'turns'")
        identity = {"dialect": "postgresql", "database": "turns", "database_oid": cursor.fetchone()[0]}
    return server.url("turns", "postgresql+psycopg2"), identity, lambda: psycopg2.connect(server.url("turns", "postgresql"))


def on_mariadb(server: MariaDB) -> Place:
    url = server.create_database("turns")
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT CONCAT(@@hostname, ':', @@port, ':', @@datadir)")
        identity = {"dialect": "mysql", "database": "turns", "server": cursor.fetchone()[0]}
    return url, identity, lambda: server.connect("turns")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql), "mariadb"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return on_sqlite(tmp_path / "turns.db")
    if request.param == "postgresql":
        return on_postgresql(request.getfixturevalue("postgres"))
    return on_mariadb(request.getfixturevalue("mariadb"))


def test_of_eight_runs_at_once_one_applies(tmp_path: Path, place: Place) -> None:
    url, identity, connect = place
    with closing(connect()) as connection:
        connection.cursor().execute("CREATE TABLE applied (who varchar(9))")
        connection.commit()
    world = World(tmp_path / "project")
    world.revision("one", UP)
    spec = world.spec(url=url, identity=identity, lock_key=7, lock_wait=60)
    specs = [spec | {"application_name": f"run {number}"} for number in range(RUNNERS)]
    # Processes, as workers are: a supervisor ends everything that its own process has started.
    with ProcessPoolExecutor(RUNNERS, multiprocessing.get_context("fork")) as pool:
        seen: list[Seen] = list(pool.map(run, specs))
    with closing(connect()) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM applied")
        rows = cursor.fetchone()[0]
    closed = sum(one.exit.closed for one in seen)
    late = sum(bool(one.exit.error) and one.error["code"] == "plan_changed" for one in seen)
    figures.note(f"{identity['dialect']}: {RUNNERS} runs at once, {closed} applied, {late} came too late, {rows} row written")
    assert (rows, closed, late) == (1, 1, RUNNERS - 1)
