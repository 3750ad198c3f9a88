"""What happens on every connection before its first statement: the proof of the target, the lock, the time limits.

The hook works on the raw (or adapted) DBAPI connection, with autocommit set and restored around it, so that no transaction
of ours is left open: SQLAlchemy would take it for the project's own, and Alembic would then never commit.
"""

import os
import time

from . import events
from .process import leave

WRONG_DATABASE = 76
LOCK_BUSY = 75
POLL_SECONDS = 0.1
SAY_EVERY = 2.0


class Guard:
    """The connect hook of one run."""

    def __init__(self, spec):
        self.spec, self.identity = spec, spec.get("identity")
        self.holder = None

    def install(self):
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        event.listen(Engine, "connect", self.on_connect)
        event.listen(Engine, "before_cursor_execute", before_statement)
        event.listen(Engine, "after_cursor_execute", after_statement)

    def on_connect(self, connection, _record):
        dialect = self.identity["dialect"]
        with Autocommit(connection):
            ask = Cursor(connection)
            found = {"postgresql": postgresql_identity, "mysql": mysql_identity, "sqlite": sqlite_identity}[dialect](ask)
            self.prove(found)
            {"postgresql": self.limit_postgresql, "mysql": self.limit_mysql, "sqlite": self.limit_sqlite}[dialect](ask)
            self.lock(ask, connection, dialect)

    def prove(self, found):
        """Ends the process at once when the connection leads elsewhere: an exception could be swallowed by env.py."""
        differing = sorted(key for key, value in found.items() if self.identity.get(key) is not None and value is not None and self.identity[key] != value)
        if differing or found.get("dialect") != self.identity["dialect"]:
            words = ", ".join("%s is %s, not %s" % (key, found.get(key), self.identity.get(key)) for key in differing)
            message = "env.py connected to another database than the profile's: %s. Nothing was run there." % (words or found)
            events.emit("error", code="wrong_database", type="WrongDatabase", message=message)
            leave(WRONG_DATABASE)
        events.emit("connected", identity=found)

    def limit_postgresql(self, ask):
        ask("SELECT set_config('application_name', %s, false)", self.spec["application_name"])
        ask("SELECT set_config('lock_timeout', %s, false)", "%ds" % self.spec["lock_timeout"])
        ask("SELECT set_config('statement_timeout', %s, false)", "%ds" % self.spec["statement_timeout"])
        if int(ask("SELECT current_setting('server_version_num')")[0]) >= 140000:
            try:
                ask("SELECT set_config('client_connection_check_interval', '500ms', false)")
            except Exception:  # noqa: BLE001 - servers on some systems cannot; the supervisor ends the session itself then
                pass

    def limit_mysql(self, ask):
        if self.spec["lock_timeout"]:
            ask("SET SESSION lock_wait_timeout = %d" % self.spec["lock_timeout"])
            ask("SET SESSION innodb_lock_wait_timeout = %d" % self.spec["lock_timeout"])

    def limit_sqlite(self, ask):
        ask("PRAGMA busy_timeout = %d" % (self.spec["lock_timeout"] * 1000))

    def lock(self, ask, connection, dialect):
        """Try and poll, outside a transaction; held by the very session that migrates. A second connection finds it held by us."""
        if dialect == "sqlite" or self.spec.get("lock_key") is None or self.holder is not None:
            return
        started, said = time.monotonic(), 0.0
        while not self.try_lock(ask, dialect):
            waited = time.monotonic() - started
            if waited > self.spec["lock_wait"]:
                message = "Another migration has held the lock on this database for more than %d s. Nothing was run." % self.spec["lock_wait"]
                events.emit("error", code="lock_busy", type="LockBusy", message=message)
                leave(LOCK_BUSY)
            if waited - said >= SAY_EVERY or not said:
                events.emit("waiting_for_lock")
                said = waited or POLL_SECONDS
            time.sleep(POLL_SECONDS)
        self.holder = connection
        events.emit("locked", waited_ms=(time.monotonic() - started) * 1000)

    def try_lock(self, ask, dialect):
        if dialect == "postgresql":
            return ask("SELECT pg_try_advisory_lock(%d)" % self.spec["lock_key"])[0]
        return ask("SELECT GET_LOCK(%s, 0)", "alembic-dashboard %d" % self.spec["lock_key"])[0] == 1


class Autocommit:
    """The raw connection in autocommit, and as it was before afterwards."""

    def __init__(self, connection):
        self.connection = connection

    def __enter__(self):
        self.before = getattr(self.connection, "autocommit", None)
        if isinstance(self.before, bool):
            self.connection.autocommit = True
        return self

    def __exit__(self, *_):
        if isinstance(self.before, bool):
            self.connection.autocommit = self.before
        elif hasattr(self.connection, "rollback"):
            self.connection.rollback()


class Cursor:
    """Asks one question; answers its first row, or None."""

    def __init__(self, connection):
        self.connection = connection

    def __call__(self, statement, *parameters):
        cursor = self.connection.cursor()
        try:
            if parameters:
                cursor.execute(statement, tuple(parameters))
            else:
                cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return None if row is None else tuple(row)
        finally:
            cursor.close()


def postgresql_identity(ask):
    name, oid, started = ask(
        "SELECT current_database(), (SELECT oid FROM pg_database WHERE datname = current_database())::bigint, pg_postmaster_start_time()::text"
    )
    return {"dialect": "postgresql", "database": name, "database_oid": oid, "system_identifier": system_identifier(ask), "started_at": started}


def system_identifier(ask):
    try:
        return str(ask("SELECT system_identifier FROM pg_control_system()")[0])
    except Exception:  # noqa: BLE001 - the role may not ask; then the start time of the server has to do
        return None


def mysql_identity(ask):
    name, host, port, place = ask("SELECT DATABASE(), @@hostname, @@port, @@datadir")
    return {"dialect": "mysql", "database": name, "server": "%s:%s:%s" % (host, port, place)}


def sqlite_identity(ask):
    row = ask("SELECT file FROM pragma_database_list WHERE name = 'main'")
    return {"dialect": "sqlite", "path": os.path.realpath(row[0]) if row and row[0] else ""}


def before_statement(connection, cursor, statement, parameters, context, executemany):
    context_info = connection.info
    context_info["dashboard_started"] = time.monotonic()
    events.emit("sql", text=statement[:20000].strip())


def after_statement(connection, cursor, statement, parameters, context, executemany):
    began = connection.info.pop("dashboard_started", None)
    if began is not None and time.monotonic() - began > 1.0:
        events.emit("sql_done", duration_ms=(time.monotonic() - began) * 1000)


def refuse_connections():
    """For previews: no connection may open, whatever env.py makes of offline mode."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    from .errors import Stop

    def refuse(dialect, record, arguments, parameters):
        raise Stop("connects_offline", "env.py opens a connection even when only the SQL is asked for.")

    event.listen(Engine, "do_connect", refuse)
