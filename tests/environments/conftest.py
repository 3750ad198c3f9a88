"""Profiles over real SQLite files, PostgreSQL databases, and a small project on disk."""

import contextlib
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Role, User
from environments import fields
from environments.models import Database, Environment
from migrations_store import graph as graphs
from migrations_store.models import Project, Snapshot, SourceKind
from migrations_store.scripts import ScriptFacts

MakeDatabase = Callable[..., Database]


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create(username="ada", role=Role.ADMIN)


@pytest.fixture
def project(db: None) -> Project:
    """Registered, but its code was never read."""
    return Project.objects.create(slug="shop", name="Shop", source_kind=SourceKind.DIRECTORY, source_path="/srv/shop")


@pytest.fixture
def dev(db: None) -> Environment:
    return Environment.objects.create(slug="dev", name="Development", position=1)


@pytest.fixture
def make_database(project: Project, dev: Environment) -> MakeDatabase:
    """A saved profile for the URL, with more fields if given."""

    def make(url: str, **more: object) -> Database:
        database = Database()
        name = f"d{Database.objects.count()}"
        fields.fill_database(database, {"project": project, "environment": dev, "name": name, "url": url} | more)
        database.save()
        return database

    return make


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    """An SQLite file with one table and no version table."""
    path = tmp_path / "app.db"
    execute(path, "CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)")
    return path


def execute(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def write_version(path: Path, *ids: str, table: str = "alembic_version") -> None:
    execute(path, f'DROP TABLE IF EXISTS "{table}"', f'CREATE TABLE "{table}" (version_num VARCHAR(32) NOT NULL)')
    execute(path, *(f"INSERT INTO \"{table}\" VALUES ('{row}')" for row in ids))


@pytest.fixture
def write() -> Callable[..., None]:
    """Writes ids into a version table behind the dashboard's back."""
    return write_version


@pytest.fixture
def sql() -> Callable[..., None]:
    """Runs statements on an SQLite file."""
    return execute


@pytest.fixture
def pg_sql() -> Iterator[Callable[..., None]]:
    """Runs statements on a PostgreSQL database, each at once."""
    import psycopg2

    opened = []

    def run(url: str, *statements: str) -> None:
        connection = psycopg2.connect(url.replace("+psycopg2", ""))
        opened.append(connection)
        connection.autocommit = True
        for statement in statements:
            connection.cursor().execute(statement)

    yield run
    for connection in opened:
        connection.close()


def build_graph(*revisions: tuple[str, tuple[str, ...], tuple[str, ...]]) -> dict[str, Any]:
    """The document of a graph, from (id, parents, dependencies)."""
    facts = [ScriptFacts(f"{name}.py", name, downs, depends) for name, downs, depends in revisions]
    return graphs.build(graphs.Script(fact, fact.path, "") for fact in facts)


@pytest.fixture
def code(project: Project) -> Callable[..., Snapshot]:
    """Gives the project a snapshot: `code("a", "b")` is a line of revisions, tuples say more."""

    def snapshot(*revisions: str | tuple[str, tuple[str, ...], tuple[str, ...]]) -> Snapshot:
        line = [
            one if isinstance(one, tuple) else (one, revisions[place - 1 : place] if place else (), ())
            for place, one in enumerate(revisions)
        ]
        digest = secrets.token_hex(32)
        return Snapshot.objects.create(project=project, digest=digest, graph=build_graph(*line), root="/srv/shop", read_at=timezone.now())

    return snapshot
