"""Connections that only read: short-lived, within time limits, and never creating what they look for."""

import contextlib
import os
import socket
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pymysql
from django.conf import settings
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from environments import addresses, causes, secrets, urls
from environments.errors import SecretError, Unreachable
from environments.models import Database

APPLICATION_NAME = "alembic-dashboard reader"
LOCK_TIMEOUT = 3
SQLITE_WAIT = 5.0
DEFAULT_PORTS = {"postgresql": 5432, "mysql": 3306}
PASSED_ON = ("sslmode", "sslrootcert", "target_session_attrs")
MYSQL_FLAGS = ("ssl_disabled", "ssl_verify_cert", "ssl_verify_identity")
# asyncpg calls it `ssl`; what it may say besides the modes.
SSL_WORDS = {"true": "require", "1": "require", "false": "disable", "0": "disable"}


@contextlib.contextmanager
def connect(database: Database) -> Iterator[Connection]:
    """A connection in a transaction that may only read, gone when the block ends.

    Raises Unreachable if it cannot be opened. What goes wrong inside the block stays SQLAlchemy's error; `explained` around it
    makes it Unreachable as well.
    """
    try:
        password = secrets.decrypt(database)
    except SecretError as error:
        raise Unreachable(error.code, str(error)) from None
    engine = _engine(database, password)
    with _opened(engine, database, password) as connection:
        yield connection


@contextlib.contextmanager
def connect_for_writing(database: Database) -> Iterator[Connection]:
    """Each statement is a transaction of its own and may change anything: for scratch servers alone (environments.scratch)."""
    password = secrets.decrypt(database)
    url, found = urls.sync_url(database, password), addresses.resolve(database.host, settings.CONNECT_TIMEOUT)
    options: dict[str, Any] = {"poolclass": NullPool, "hide_parameters": True, "isolation_level": "AUTOCOMMIT"}
    if urls.dialect(database.driver) == "mysql":
        engine = create_engine(url, creator=_mysql(database, url, found, reading=False), **options)
    else:
        engine = create_engine(url, connect_args=_postgresql(database, found), **options)
    with _opened(engine, database, password, limited=False) as connection:
        yield connection


@contextlib.contextmanager
def explained(database: Database) -> Iterator[None]:
    """Turns an error of the driver within the block into Unreachable, with its cause in words."""
    try:
        yield
    except SQLAlchemyError as error:
        raise causes.explain(error, database, secrets.decrypt(database)) from None


@contextlib.contextmanager
def _opened(engine: Engine, database: Database, password: str, *, limited: bool = True) -> Iterator[Connection]:
    try:
        connection = engine.connect()
        if limited:
            _limit(connection)
    except Unreachable:
        raise
    except Exception as error:  # noqa: BLE001 - what answers need not be a database: drivers then fail in all manners
        raise causes.explain(error, database, password) from None
    try:
        yield connection
    finally:
        with contextlib.suppress(SQLAlchemyError):
            connection.close()
        engine.dispose()


def _engine(database: Database, password: str) -> Engine:
    """Not connected yet, but its host is resolved and looked at."""
    url = urls.sync_url(database, password)
    kind = urls.dialect(database.driver)
    options: dict[str, Any] = {"poolclass": NullPool, "hide_parameters": True}
    if kind == "sqlite":
        return create_engine(url, creator=_sqlite(database), **options)
    found = addresses.resolve(database.host, settings.CONNECT_TIMEOUT)
    if kind == "mysql":
        return create_engine(url, creator=_mysql(database, url, found), **options)
    execution = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return create_engine(url, connect_args=_postgresql(database, found), execution_options=execution, **options)


def _limit(connection: Connection) -> None:
    """Begins the transaction, with limits that end with it: behind a pooler the session belongs to others as well."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SET LOCAL statement_timeout = {settings.READ_TIMEOUT * 1000:d}"))
        connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT * 1000:d}"))


def _postgresql(database: Database, found: list[str]) -> dict[str, Any]:
    """What libpq is told. The addresses are given, so that it connects to what was looked at; the name stays for TLS."""
    query = database.query
    given = {key: query[key] for key in PASSED_ON if key in query}
    if "ssl" in query:
        given.setdefault("sslmode", SSL_WORDS.get(query["ssl"].lower(), query["ssl"]))
    return given | {
        "host": ",".join([database.host] * len(found)),
        "hostaddr": ",".join(found),
        "port": database.port or DEFAULT_PORTS["postgresql"],
        "connect_timeout": max(2, settings.CONNECT_TIMEOUT // len(found)),
        "application_name": APPLICATION_NAME,
        "passfile": os.devnull,
        "gssencmode": "disable",
        "keepalives_idle": settings.CONNECT_TIMEOUT,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": settings.READ_TIMEOUT * 1000,
    }


def _mysql(database: Database, url: URL, found: list[str], *, reading: bool = True) -> Callable[[], Any]:
    """PyMySQL on a socket of ours, because it can neither be given an address beside the name nor told how long a greeting may take."""
    query = database.query
    options: dict[str, Any] = {key: query[key] for key in ("charset", "collation") if key in query}
    options |= {key: query[key].lower() in ("true", "1") for key in MYSQL_FLAGS if key in query}

    def create() -> Any:
        connection = pymysql.connect(
            host=database.host,
            port=database.port or DEFAULT_PORTS["mysql"],
            user=url.username,
            password=str(url.password or ""),
            database=database.database,
            connect_timeout=settings.CONNECT_TIMEOUT,
            read_timeout=settings.READ_TIMEOUT,
            write_timeout=settings.READ_TIMEOUT,
            program_name=APPLICATION_NAME,
            local_infile=False,
            defer_connect=True,
            **options,
        )
        connection.connect(_socket(found, database.port or DEFAULT_PORTS["mysql"]))
        if reading:
            _read_only(connection)
        return connection

    return create


def _read_only(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
        cursor.execute(f"SET SESSION lock_wait_timeout = {LOCK_TIMEOUT:d}")


def _socket(found: list[str], port: int) -> socket.socket:
    """To the first address that answers."""
    for place, address in enumerate(found, start=1):
        try:
            return socket.create_connection((address, port), timeout=settings.CONNECT_TIMEOUT / len(found))
        except OSError:
            if place == len(found):
                raise
    raise OSError


def _sqlite(database: Database) -> Callable[[], sqlite3.Connection]:
    """Opened as mode=rw, which never creates the file, and needs no more than to read."""
    path = urls.file_of(database)
    wait = min(float(database.query.get("timeout", SQLITE_WAIT)), SQLITE_WAIT)

    def create() -> sqlite3.Connection:
        _see_file(path, may_be_made=database.create_if_missing)
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=wait, check_same_thread=False)
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT count(*) FROM sqlite_master")  # a file is only opened when it is read
        return connection

    return create


def _see_file(path: Path, *, may_be_made: bool) -> None:
    """SQLite says "unable to open" to all of these."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise _absent(path, may_be_made=may_be_made) from None
    except NotADirectoryError:
        raise Unreachable("directory_missing", f"There is no file at {path}: a part of the path is not a directory.") from None
    except PermissionError:
        raise Unreachable("not_permitted", f"The dashboard may not look into the directory of {path}.") from None
    except OSError as error:
        raise Unreachable("database_missing", f"{path} cannot be opened: {error.strerror}.") from None
    if not stat.S_ISREG(mode):
        raise Unreachable("not_a_database", f"{path} is a directory or device, not a database file.")
    if not os.access(path, os.R_OK):
        raise Unreachable("not_permitted", f"The dashboard may not read {path}. Give its user the right to.")


def _absent(path: Path, *, may_be_made: bool) -> Unreachable:
    if not path.parent.is_dir():
        return Unreachable("directory_missing", f"The directory {path.parent} does not exist, so there is no file to read.")
    if may_be_made:
        text = f"There is no file at {path}. A reading never creates one; a job may, as this database's settings allow."
        return Unreachable("database_missing", text)
    return Unreachable("database_missing", f"There is no file at {path}, and a reading never creates one. See that the path is right.")
