"""The databases that are migrated, and the same ones read behind the dashboard's back."""

import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psycopg2
import pymysql

from config.embedded import CannotStart, EmbeddedPostgres, Server, free_port
from crash.proxy import Proxy

EFFECTS = "CREATE TABLE effects (id {serial}, revision varchar(40), who varchar(80))"  # what was done twice is there twice, in order


@dataclass(frozen=True)
class Facts:
    """What a database holds. `effects` are the revisions that were run and by which process, in order."""

    version: list[str]
    tables: list[str]
    effects: list[tuple[str, str]]


class Targets:
    """All databases of one kind; those of a server are reached through the proxy by the dashboard, and directly by the checker."""

    engine = ""
    proxy: Proxy | None = None
    tables_query = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to stop."""

    def create(self, name: str) -> str:
        """The URL for the dashboard."""
        raise NotImplementedError

    def connect(self, name: str) -> Any:
        raise NotImplementedError

    def clear(self, name: str) -> None:
        raise NotImplementedError

    def add_version_table(self, name: str) -> None:
        with self.cursor(name) as cursor:
            cursor.execute("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY)")

    def restart(self) -> None:
        """Kills the server and starts it again."""

    def leftovers(self) -> list[str]:
        """Locks and sessions that should be gone, in words."""
        raise NotImplementedError

    @property
    def version(self) -> str:
        raise NotImplementedError

    @property
    def secret(self) -> str:
        """The password, which nothing may show."""
        return ""

    @contextmanager
    def cursor(self, name: str) -> Iterator[Any]:
        with closing(self.connect(name)) as connection:
            yield connection.cursor()
            connection.commit()

    def facts(self, name: str) -> Facts:
        with self.cursor(name) as cursor:
            cursor.execute(self.tables_query)
            tables = sorted(str(row[0]) for row in cursor.fetchall())
            version: list[str] = []
            if "alembic_version" in tables:
                cursor.execute("SELECT version_num FROM alembic_version")
                version = sorted(str(row[0]) for row in cursor.fetchall())
            cursor.execute("SELECT revision, who FROM effects ORDER BY id")
            effects = [(str(revision), str(who)) for revision, who in cursor.fetchall()]
        return Facts(version, [table for table in tables if table not in ("alembic_version", "effects")], effects)


class PostgreSQL(Targets):
    engine = "postgresql"
    tables_query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"

    def __init__(self, directory: Path) -> None:
        self.server = EmbeddedPostgres(directory / "target")

    def __enter__(self) -> Self:
        self.server.start()
        self.proxy = Proxy(self.server.port)
        return self

    def __exit__(self, *_: object) -> None:
        if self.proxy:
            self.proxy.close()
        self.server.stop()

    def create(self, name: str) -> str:
        assert self.proxy
        self.server.create_database(name)
        self.clear(name)
        return self.server.url(name).replace(f":{self.server.port}/", f":{self.proxy.port}/")

    def connect(self, name: str) -> Any:
        return psycopg2.connect(self.server.url(name).replace("+psycopg2", ""), connect_timeout=5, options="-c lock_timeout=5000")

    def clear(self, name: str) -> None:
        with self.cursor(name) as cursor:
            cursor.execute(f"DROP SCHEMA public CASCADE; CREATE SCHEMA public; {EFFECTS.format(serial='serial')}")

    def restart(self) -> None:
        """SIGQUIT is PostgreSQL's own "immediate": no goodbye, and recovery at the start."""
        process = self.server.process
        assert process
        process.send_signal(signal.SIGQUIT)
        process.wait(20)
        revive(self.server)

    def leftovers(self) -> list[str]:
        with self.cursor("postgres") as cursor:
            cursor.execute("SELECT 'lock of ' || pid FROM pg_locks WHERE locktype = 'advisory'")
            found = [str(row[0]) for row in cursor.fetchall()]
            cursor.execute(
                "SELECT 'session ' || application_name FROM pg_stat_activity WHERE application_name LIKE 'alembic-dashboard job%'"
            )
            return found + [str(row[0]) for row in cursor.fetchall()]

    @property
    def version(self) -> str:
        with self.cursor("postgres") as cursor:
            cursor.execute("SHOW server_version")
            return f"PostgreSQL {cursor.fetchone()[0]}"

    @property
    def secret(self) -> str:
        return self.server.password


class MariaServer(Server):
    """A MariaDB that is ours alone; it must be installed."""

    name = "MariaDB"

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.port = free_port()

    def start(self) -> None:
        if not (shutil.which("mariadbd") and shutil.which("mariadb-install-db")):
            raise CannotStart("mariadbd is not installed (apt install mariadb-server-core mariadb-client-core).")
        place = [f"--datadir={self.directory}/data", *(["--user=root"] if os.geteuid() == 0 else [])]
        if not (self.directory / "data").exists():
            self.directory.mkdir(parents=True)
            install = ["mariadb-install-db", "--no-defaults", *place, "--auth-root-authentication-method=normal", "--skip-test-db"]
            subprocess.run(install, check=True, capture_output=True)
        options = [f"--socket={self.directory}/socket", f"--port={self.port}", "--bind-address=127.0.0.1", "--max-connections=300"]
        options += ["--skip-log-bin"]
        self.launch(["mariadbd", "--no-defaults", *place, *options])

    def answers(self) -> bool:
        with suppress(pymysql.err.MySQLError):
            pymysql.connect(host="127.0.0.1", port=self.port, user="root").close()
            return True
        return False


class MariaDB(Targets):
    engine = "mariadb"
    tables_query = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()"
    USER = "migrator"

    def __init__(self, directory: Path) -> None:
        self.server = MariaServer(directory / "target")
        self.password = secrets.token_urlsafe(18)

    def __enter__(self) -> Self:
        self.server.start()
        self.proxy = Proxy(self.server.port)
        with self.cursor("mysql") as cursor:
            cursor.execute(f"CREATE USER {self.USER}@'%' IDENTIFIED BY '{self.password}'")
        return self

    def __exit__(self, *_: object) -> None:
        if self.proxy:
            self.proxy.close()
        self.server.stop()

    def create(self, name: str) -> str:
        assert self.proxy
        self.clear(name)
        with self.cursor("mysql") as cursor:
            cursor.execute(f"GRANT ALL ON {name}.* TO {self.USER}@'%'")
        return f"mysql+pymysql://{self.USER}:{self.password}@127.0.0.1:{self.proxy.port}/{name}"

    def connect(self, name: str) -> Any:
        connection = pymysql.connect(host="127.0.0.1", port=self.server.port, user="root", database=name, connect_timeout=5)
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION lock_wait_timeout = 5")
        return connection

    def clear(self, name: str) -> None:
        with self.cursor("mysql") as cursor:
            for statement in (f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}", f"USE {name}", EFFECTS.format(serial="serial")):
                cursor.execute(statement)

    def restart(self) -> None:
        process = self.server.process
        assert process
        process.kill()
        process.wait(20)
        revive(self.server)

    def leftovers(self) -> list[str]:
        with self.cursor("mysql") as cursor:
            cursor.execute(f"SELECT id, db, info FROM information_schema.processlist WHERE user = '{self.USER}'")
            return [f"session {id} in {database}: {text}" for id, database, text in cursor.fetchall()]

    @property
    def version(self) -> str:
        with self.cursor("mysql") as cursor:
            cursor.execute("SELECT VERSION()")
            return f"MariaDB {cursor.fetchone()[0]}"

    @property
    def secret(self) -> str:
        return self.password


class SQLite(Targets):
    engine = "sqlite"
    tables_query = "SELECT name FROM sqlite_master WHERE type = 'table'"

    def __init__(self, directory: Path) -> None:
        self.directory = directory / "target"
        self.directory.mkdir(parents=True)

    def path(self, name: str) -> Path:
        return self.directory / f"{name}.db"

    def create(self, name: str) -> str:
        self.clear(name)
        return f"sqlite:///{self.path(name)}"

    def connect(self, name: str) -> Any:
        return sqlite3.connect(self.path(name), timeout=5)

    def clear(self, name: str) -> None:
        """The same file: a writer that should be gone must not write into one that nobody sees."""
        with self.cursor(name) as cursor:
            for table in [row[0] for row in cursor.execute(self.tables_query).fetchall()]:
                cursor.execute(f'DROP TABLE "{table}"')
            cursor.execute(EFFECTS.format(serial="INTEGER PRIMARY KEY"))

    def leftovers(self) -> list[str]:
        found = []
        for path in sorted(self.directory.glob("*.db")):
            with closing(sqlite3.connect(path, timeout=1)) as connection:
                try:
                    connection.execute("BEGIN EXCLUSIVE")
                except sqlite3.OperationalError:
                    found.append(f"lock of {path.name}")
        return found

    @property
    def version(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"


def revive(server: Server) -> None:
    """What a killed server leaves behind may take a moment to go."""
    for attempt in range(5):
        try:
            server.start()
        except CannotStart:
            if attempt == 4:
                raise
            time.sleep(1)
        else:
            return


ENGINES: dict[str, type[PostgreSQL] | type[MariaDB] | type[SQLite]] = {"postgresql": PostgreSQL, "mariadb": MariaDB, "sqlite": SQLite}
