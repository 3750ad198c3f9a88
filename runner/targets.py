"""A raw DB-API connection asked who it is, and told what it may do. One class per kind of server."""

from __future__ import annotations

import contextlib
import os
import re

from .failures import Failure

try:
    import fcntl
except ImportError:  # not a POSIX system
    fcntl = None

FAMILIES = {
    "psycopg2": "postgresql",
    "psycopg2cffi": "postgresql",
    "psycopg": "postgresql",
    "pg8000": "postgresql",
    "sqlalchemy.dialects.postgresql": "postgresql",
    "pymysql": "mysql",
    "MySQLdb": "mysql",
    "mysql": "mysql",
    "mariadb": "mysql",
    "cymysql": "mysql",
    "sqlalchemy.dialects.mysql": "mysql",
    "sqlalchemy.connectors": "mysql",
    "sqlite3": "sqlite",
    "pysqlite3": "sqlite",
    "sqlcipher3": "sqlite",
    "sqlalchemy.dialects.sqlite": "sqlite",
}


def of(connection):
    """The target behind a raw connection; its driver tells the kind, also when the project uses a subclass of the driver's."""
    for base in type(connection).__mro__:
        for module, dialect in FAMILIES.items():
            if base.__module__ == module or base.__module__.startswith(module + "."):
                return {"postgresql": PostgreSQL, "mysql": MySQL, "sqlite": SQLite}[dialect](connection)
    name = "{}.{}".format(type(connection).__module__, type(connection).__qualname__)
    raise Failure("wrong_database", "A connection through {} cannot be proven to lead to this profile's database.".format(name))


def beneath(connection):
    """The target behind a connection of SQLAlchemy."""
    fairy = connection.connection
    return of(getattr(fairy, "dbapi_connection", None) or fairy.connection)  # the second before SQLAlchemy 1.4.24


class Target:
    dialect = ""

    def __init__(self, connection) -> None:
        self.connection = connection

    def row(self, statement: str) -> tuple:
        """One statement, outside any transaction; its first row, if it has one."""
        with self.autocommit():
            cursor = self.connection.cursor()
            try:
                cursor.execute(statement)
                found = cursor.fetchone() if cursor.description else None
                return tuple(found) if found is not None else ()
            finally:
                cursor.close()

    @contextlib.contextmanager
    def autocommit(self):
        yield

    def attempt(self, statement: str) -> tuple:
        """For what a server may not know or not allow: an empty row then."""
        try:
            return self.row(statement)
        except Exception:  # every driver has its own class for it
            return ()

    def matches(self, found: dict, expected: dict) -> bool:
        known = [name for name in expected if expected[name] is not None and found.get(name) is not None]
        return "dialect" in known and all(str(found[name]) == str(expected[name]) for name in known)

    def is_pooled(self) -> bool:
        """Whether somebody between us and the server hands its sessions around."""
        return False

    def forbid_writing(self) -> None:
        """For what only looks: the server itself refuses every change of this session."""
        raise NotImplementedError

    def lock_holder(self, _key: int) -> str:
        """A sentence about who holds the lock, if it is known."""
        return ""


class PostgreSQL(Target):
    dialect = "postgresql"

    @contextlib.contextmanager
    def autocommit(self):
        """Not within a transaction: SQLAlchemy would take it for the project's own and never commit, and a lock that waits
        in one stops CREATE INDEX CONCURRENTLY for ever."""
        before = self.connection.autocommit
        self.connection.autocommit = True
        try:
            yield
        finally:
            self.connection.autocommit = before

    def identity(self, expected: dict) -> dict:
        database, oid, started = self.row(
            "SELECT current_database(), (SELECT oid FROM pg_database WHERE datname = current_database())::text, "
            "pg_postmaster_start_time()::text"
        )
        found = {"dialect": self.dialect, "database": database, "database_oid": int(oid), "started_at": started}
        if expected.get("started_at") is not None and self._started(str(expected["started_at"])):
            found["started_at"] = expected["started_at"]  # the same moment in other words
        if expected.get("system_identifier") is not None:
            known = self.attempt("SELECT system_identifier::text FROM pg_control_system()")
            found["system_identifier"] = known[0] if known else None
        return found

    def _started(self, moment: str) -> bool:
        """Whether the server started then; it compares by itself, as the text depends on time zones."""
        if not re.fullmatch(r"[-0-9:.+T ]+", moment):
            return False
        answer = self.attempt("SELECT CASE WHEN pg_postmaster_start_time() = '{}'::timestamptz THEN 1 ELSE 0 END".format(moment))
        return answer == (1,)

    def schema_of(self, table: str) -> str:
        """Where a table of this name is, or would be made. Within the project's transaction, if it has one: its search_path counts."""
        found = (
            "SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "  # noqa: S608 - quoted
            "WHERE relname = '{}' AND pg_table_is_visible(pg_class.oid) LIMIT 1".format(table.replace("'", "''"))
        )
        cursor = self.connection.cursor()
        try:
            cursor.execute("SELECT CAST(COALESCE(({}), current_schema()) AS text)".format(found))
            return cursor.fetchone()[0]
        finally:
            cursor.close()

    def is_pooled(self) -> bool:
        """A pooler greets its clients with a process number of its own; the server knows the real one."""
        announced = self._announced()
        return announced is not None and announced != self.row("SELECT pg_backend_pid()")[0]

    def _announced(self):
        """The number of the server's process as the driver heard it when it connected; None where the driver does not tell."""
        driver = getattr(self.connection, "driver_connection", None) or self.connection
        for ask in ("get_backend_pid", "get_server_pid"):  # psycopg2, asyncpg
            if hasattr(driver, ask):
                return getattr(driver, ask)()
        return getattr(getattr(driver, "info", None), "backend_pid", None)  # psycopg

    def prepare(self, spec) -> None:
        self.setting("application_name", spec.application_name)
        self.setting("lock_timeout", "{}ms".format(int(spec.lock_timeout * 1000)))
        self.setting("statement_timeout", "{}ms".format(int(spec.statement_timeout * 1000)))
        with contextlib.suppress(Exception):  # before version 14, and on some systems, there is no such setting
            self.setting("client_connection_check_interval", "500ms")

    def forbid_writing(self) -> None:
        self.setting("default_transaction_read_only", "on")

    def setting(self, name: str, value: str) -> None:
        self.row("SELECT set_config('{}', '{}', false)".format(name, value.replace("'", "''")))

    def try_lock(self, key: int) -> bool:
        return self.row("SELECT CASE WHEN pg_try_advisory_lock('{}'::bigint) THEN 1 ELSE 0 END".format(key)) == (1,)

    def lock_holder(self, key: int) -> str:
        number = key & 0xFFFFFFFFFFFFFFFF
        held = self.attempt(
            "SELECT pid::text, application_name FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' AND granted "  # noqa: S608 - numbers
            "AND classid::text = '{}' AND objid::text = '{}' AND objsubid = 1 LIMIT 1".format(number >> 32, number & 0xFFFFFFFF)
        )
        return "It is held by session {} ({}).".format(held[0], held[1] or "without a name") if held else ""


class MySQL(Target):
    """Also MariaDB."""

    dialect = "mysql"

    @contextlib.contextmanager
    def autocommit(self):
        try:
            yield
        finally:
            self.connection.rollback()  # a question alone may have begun a transaction

    def identity(self, expected: dict) -> dict:
        database, server = self.row("SELECT DATABASE(), CONCAT(@@hostname, ':', @@port, ':', @@datadir)")
        uuid = self.attempt("SELECT @@server_uuid")  # MariaDB has none
        if uuid and str(uuid[0]) == str(expected.get("server")):
            server = uuid[0]
        return {"dialect": self.dialect, "database": database, "server": server}

    def matches(self, found: dict, expected: dict) -> bool:
        return found["database"] is not None and super().matches(found, expected)

    def prepare(self, spec) -> None:
        # There is no application_name: a lock of the job's name tells which session is the job's.
        self.attempt("SELECT GET_LOCK('{}', 0)".format(spec.application_name.replace("'", "''")[:64]))
        if spec.lock_timeout:
            self.row("SET SESSION lock_wait_timeout = {0}, SESSION innodb_lock_wait_timeout = {0}".format(max(1, round(spec.lock_timeout))))
        if spec.statement_timeout:
            self.attempt("SET SESSION max_statement_time = {}".format(spec.statement_timeout))  # MariaDB
            self.attempt("SET SESSION max_execution_time = {}".format(int(spec.statement_timeout * 1000)))  # MySQL, for reads alone

    def forbid_writing(self) -> None:
        self.row("SET SESSION TRANSACTION READ ONLY")

    def try_lock(self, key: int) -> bool:
        return self.row("SELECT GET_LOCK('{}', 0)".format(self._lock(key))) == (1,)

    def lock_holder(self, key: int) -> str:
        held = self.attempt("SELECT IS_USED_LOCK('{}')".format(self._lock(key)))
        return "It is held by session {}.".format(held[0]) if held and held[0] else ""

    def _lock(self, key: int) -> str:
        return "alembic_dashboard_{:016x}".format(key & 0xFFFFFFFFFFFFFFFF)  # server-wide; the key stands for the database


class SQLite(Target):
    """SQLite locks a file only while it is written, and two runs could both look at it before one of them writes. So the file itself
    is locked, in a manner that SQLite neither uses nor sees, until this process has ended."""

    dialect = "sqlite"
    opened = {}  # path to descriptor; never closed, for that would end SQLite's own locks on the file

    def path(self) -> str:
        cursor = self.connection.cursor()
        cursor.execute("PRAGMA database_list")
        main = [row[2] for row in cursor.fetchall() if row[1] == "main"]
        cursor.close()
        return os.path.realpath(main[0]) if main and main[0] else "memory"

    def identity(self, _expected: dict) -> dict:
        return {"dialect": self.dialect, "path": self.path()}

    def prepare(self, spec) -> None:
        if spec.lock_timeout:
            self.row("PRAGMA busy_timeout = {}".format(int(spec.lock_timeout * 1000)))

    def forbid_writing(self) -> None:
        self.row("PRAGMA query_only = ON")

    def try_lock(self, _key: int) -> bool:
        path = self.path()
        if fcntl is None or path == "memory":
            return True
        if path not in self.opened:
            self.opened[path] = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(self.opened[path], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
