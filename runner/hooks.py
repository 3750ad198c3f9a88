"""What every connection goes through before the project may use it, whoever opened it: nobody's env.py has to be changed."""

from __future__ import annotations

import time

from . import seal, targets
from .failures import Failure

TEXT_LIMIT = 24_000  # the supervisor masks secrets and then cuts at 20,000: a cut before that could leave half of one
TOTAL_LIMIT = 5_000_000
WRONG_DATABASE, LOCK_BUSY = 76, 75


class Guard:
    """Listens to SQLAlchemy. What it refuses ends the process there and then: env.py could catch an exception and go on."""

    def __init__(self, spec, events, leave) -> None:
        self.spec, self.events, self.leave = spec, events, leave
        self.holder = None
        self.connected = False
        self.written = 0

    def install(self) -> None:
        from sqlalchemy import event
        from sqlalchemy.engine import Engine

        if self.spec.command in ("preview", "revise"):
            event.listen(Engine, "do_connect", self.refuse_connection)
            event.listen(Engine, "connect", self.refuse_connection)
            return
        event.listen(Engine, "connect", self.on_connect)
        for ending in ("close", "close_detached", "invalidate"):
            event.listen(Engine, ending, self.on_close)
        if self.spec.command not in ("check", "propose"):  # comparing asks thousands of questions that nobody wants to read
            event.listen(Engine, "before_cursor_execute", self.before_statement)
            event.listen(Engine, "after_cursor_execute", self.after_statement)

    # --- connections

    def refuse_connection(self, *_: object) -> None:
        raise OfflineConnectionError("This may not connect to any database, but the project's env.py does so even in offline mode.")

    def on_connect(self, connection, _record) -> None:
        """Proof, limits, lock, and the files once more: in this order, before the project's first statement."""
        try:
            target = targets.of(connection)
            self.prove(target)
            self.refuse_pooler(target)
            target.prepare(self.spec)
            if self.spec.command == "propose":
                target.forbid_writing()
            self.lock(target, connection)
        except Failure as failure:
            self.events.emit("error", code=failure.code, type="Failure", message=str(failure), step=None, file=None, line=None)
            self.leave(WRONG_DATABASE if failure.code == "wrong_database" else LOCK_BUSY)

    def prove(self, target) -> None:
        expected = self.spec.identity
        if expected is None:
            return
        if target.dialect != expected.get("dialect"):
            raise wrong(expected, {"dialect": target.dialect})
        found = target.identity(expected)
        if not target.matches(found, expected):
            raise wrong(expected, found)
        if not self.connected:
            self.connected = True
            self.events.emit("connected", identity=found)

    def refuse_pooler(self, target) -> None:
        """There the lock may be another client's a moment later, and our time limits too."""
        if not self.spec.allow_poolers and target.is_pooled():
            text = "The connection goes through a pooler such as PgBouncer, where neither lock nor time limits hold. Nothing was run."
            raise Failure("pooled", text)

    def lock(self, target, connection) -> None:
        """The session that migrates holds the lock itself; a project may open further connections beside it."""
        if self.spec.lock_key is None or self.holder is not None:
            return
        start = told = time.monotonic()
        while not target.try_lock(self.spec.lock_key):
            now = time.monotonic()
            if now - start >= self.spec.lock_wait:
                text = "Another migration has held the lock on this database for {:.0f} s. {}"
                raise Failure("lock_busy", text.format(now - start, target.lock_holder(self.spec.lock_key)).strip())
            if told == start or now - told >= 2:
                self.events.emit("waiting_for_lock")
                told = now
            time.sleep(0.2)
        self.holder = connection
        seal.verify(self.spec)  # waiting may have taken a while
        self.events.emit("locked", waited_ms=round((time.monotonic() - start) * 1000, 1))

    def on_close(self, connection, *_: object) -> None:
        """The lock went with its session; the next connection takes it again."""
        if connection is self.holder:
            self.holder = None

    # --- statements

    def before_statement(self, _connection, _cursor, statement, _parameters, context, _many) -> None:
        """Told when it begins: the statement that hangs, or fails, is the one that people look for."""
        if context is not None:
            context._alembic_dashboard_start = time.monotonic()
        if self.written > TOTAL_LIMIT:
            return
        self.written += len(statement)
        statement = statement.strip()
        text = statement if len(statement) <= TEXT_LIMIT else statement[:TEXT_LIMIT] + " […]"
        self.events.emit("sql", text=text, duration_ms=None)
        if self.written > TOTAL_LIMIT:
            self.events.emit("sql", text="[… further statements are not shown]", duration_ms=None)

    def after_statement(self, _connection, _cursor, _statement, _parameters, context, _many) -> None:
        start = getattr(context, "_alembic_dashboard_start", None)
        if start is not None and self.written <= TOTAL_LIMIT:
            self.events.emit("sql_done", duration_ms=round((time.monotonic() - start) * 1000, 1))


class OfflineConnectionError(Exception):
    """A preview that wanted to connect."""


def wrong(expected: dict, found: dict) -> Failure:
    """Names what differs, and only that; of another kind of server nothing else can be compared."""
    differing = [name for name in expected if expected[name] is not None and str(expected[name]) != str(found.get(name))]
    if "dialect" in differing:
        differing = ["dialect"]
    text = "The project's env.py connected to another database than this profile's. Expected {}; found {}. Nothing was run there."
    return Failure("wrong_database", text.format(_facts(expected, differing), _facts(found, differing)))


def _facts(identity: dict, names: list) -> str:
    return ", ".join("{} {}".format(name.replace("_", " "), identity.get(name) or "none") for name in names)
