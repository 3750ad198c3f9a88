"""Every operation that autogenerate can emit, on SQLite, PostgreSQL and MariaDB: right words, right flags, and SQL or a reason.

docs/autogenerate.md shows the same table; `UPDATE_DOCS=1` writes it anew.
"""

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest
import sqlalchemy as sa

from config.embedded import EmbeddedPostgres
from migrations_store.differences import structured
from tests.autogenerate.cases import ALL, CASES, Case, mark
from tests.autogenerate.project import models, proposed
from tests.autogenerate.table import table_of
from tests.runner.projects import World
from tests.support.mariadb import MariaDB

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
NAME = "autogenerate"
PAGE = Path(__file__).parents[2] / "docs" / "autogenerate.md"
START, END = "<!-- table: start -->\n", "<!-- table: end -->\n"
Place = tuple[str, dict[str, Any]]
FOUND: dict[tuple[str, str], list[dict[str, Any]]] = {}


@contextmanager
def a_database(kind: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[Place]:
    """An empty one: its URL and who it is."""
    if kind == "sqlite":
        path = (folder / "target.db").resolve()
        yield f"sqlite:///{path}", {"dialect": "sqlite", "path": str(path)}
    elif kind == "mysql":
        server: MariaDB = request.getfixturevalue("mariadb")
        url = server.create_database(NAME).partition("://")[2]
        with closing(server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT CONCAT(@@hostname, ':', @@port, ':', @@datadir)")
            identity = {"dialect": "mysql", "database": NAME, "server": cursor.fetchone()[0]}
        yield f"mysql+pymysql://{url}", identity
    else:
        postgres: EmbeddedPostgres = request.getfixturevalue("postgres")
        url = postgres.create_database(NAME).partition("://")[2]
        with closing(psycopg2.connect(f"postgresql://{url}")) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE SCHEMA side")
            cursor.execute("SELECT oid::bigint FROM pg_database WHERE datname = current_database()")
            identity = {"dialect": "postgresql", "database": NAME, "database_oid": cursor.fetchone()[0]}
            connection.commit()
        yield f"postgresql+psycopg2://{url}", identity
        postgres.drop_database(NAME)


def made(kind: str, url: str) -> None:
    """The tables before all cases."""
    space: dict[str, Any] = {}
    exec(models(kind, "before"), space)  # noqa: S102 - our own text
    engine = sa.create_engine(url, poolclass=sa.pool.NullPool)
    space["metadata"].create_all(engine)
    engine.dispose()


@pytest.mark.parametrize("kind", ALL)
def test_every_operation_is_told_in_words(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with a_database(kind, request, tmp_path) as (url, identity):
        made(kind, url)
        told = proposed(World(tmp_path / "project"), kind, url, identity)
    cases = {number: case for number, case in enumerate(CASES) if kind in case.on}
    assert told.keys() - cases.keys() == set()
    wrong = [sentence for number, case in cases.items() for sentence in judged(case, kind, number, told.get(number))]
    assert not wrong, "\n".join(wrong)


def judged(case: Case, kind: str, number: int, file: dict[str, Any] | None) -> list[str]:
    """What is not as the case expects; keeps what was found for the table."""
    if file is None:
        return [f"{kind}, {case.name}: nothing was found"]
    file = json.loads(json.dumps(file).replace(mark(number), ""))
    entries = structured(file["operations"], kind)
    FOUND[case.name, kind] = [entry.shown() | {"sql": file["sql"]} for entry in entries]
    found = sorted((entry.kind, entry.what, entry.object, bool(entry.data_loss)) for entry in entries)
    guesses = {entry.object: entry.rename_guess for entry in entries if entry.rename_guess}
    words = [f"{entry.text} {entry.before} {entry.after}" for entry in entries]
    sql = [way for ways in file["sql"].values() for way in ways.values()]
    own = file["sql"][kind]["upgrade"]
    faults = {
        f"found {found}": found != sorted(case.expected),
        f"guessed {guesses}": guesses != case.renames,
        f"said {words}": any("None." in text or "_c" in text for text in words),
        f"SQL {sql}": any(bool(way["sql"]) == bool(way["sql_unavailable"]) for way in sql),
        f"no SQL for its own kind: {own}": not own["sql"] and kind != "sqlite",
    }
    return [f"{kind}, {case.name}: {fault}" for fault, is_so in faults.items() if is_so]


def test_page_shows_what_was_found() -> None:
    """After the three above, in one process."""
    if len(FOUND) != sum(len(case.on) for case in CASES):
        pytest.skip("only where all three kinds of servers were tried before")
    wanted = table_of(FOUND)
    text = PAGE.read_text()
    head, rest = text.split(START)
    shown, tail = rest.split(END)
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(head + START + wanted + END + tail)
    else:
        assert shown == wanted, "write it anew with UPDATE_DOCS=1"
