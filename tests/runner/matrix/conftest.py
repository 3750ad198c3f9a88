"""Servers and interpreters for the matrix; what is installed once serves every test of it."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from config.embedded import EmbeddedPostgres
from tests.runner.matrix.installations import Installation
from tests.support.mariadb import MariaDB

NAME = "matrix"


@dataclass
class Target:
    """One empty database: how a driver is told of it, who it is, and what its version table says."""

    kind: str
    address: str
    identity: dict[str, Any]
    connect: Any

    def url(self, driver: str) -> str:
        return f"{driver}://{self.address}"

    def version(self, name: str = "alembic_version") -> list[str]:
        with closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(f"SELECT version_num FROM {name}")
            return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def installation(request: pytest.FixtureRequest) -> Installation:
    found: Installation = request.param
    found.prepare()
    return found


@pytest.fixture
def on_postgresql(postgres: EmbeddedPostgres) -> Iterator[Target]:
    url = postgres.create_database(NAME).partition("://")[2]
    with closing(psycopg2.connect(f"postgresql://{url}")) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid::bigint, (SELECT system_identifier::text FROM pg_control_system()), pg_postmaster_start_time()::text"
            " FROM pg_database WHERE datname = current_database()"
        )
        oid, system, started = cursor.fetchone()
    identity = {"dialect": "postgresql", "database": NAME, "database_oid": oid, "system_identifier": system, "started_at": started}
    yield Target("postgresql", url, identity, lambda: psycopg2.connect(f"postgresql://{url}"))
    postgres.drop_database(NAME)


@pytest.fixture
def on_mysql(mariadb: MariaDB) -> Target:
    url = mariadb.create_database(NAME).partition("://")[2]
    with closing(mariadb.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT CONCAT(@@hostname, ':', @@port, ':', @@datadir)")
        identity = {"dialect": "mysql", "database": NAME, "server": cursor.fetchone()[0]}
    return Target("mysql", url, identity, lambda: mariadb.connect(NAME))


@pytest.fixture
def on_sqlite(tmp_path: Path) -> Target:
    import sqlite3

    path = (tmp_path / "matrix.db").resolve()
    return Target("sqlite", f"/{path}", {"dialect": "sqlite", "path": str(path)}, lambda: sqlite3.connect(path))
