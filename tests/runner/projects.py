"""Real Alembic projects on disk, run by the real runner through the supervisor."""

import sqlite3
import sys
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jobs import supervisor

INI = "[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = driver://user:pass@host/name\n"
ENV = """\
import os, sys
from alembic import context
from sqlalchemy import create_engine, pool

config = context.config
url = config.get_main_option("sqlalchemy.url")
target_metadata = None
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, target_metadata=target_metadata)
        with context.begin_transaction():
            context.run_migrations()
"""
REVISION = '''\
"""makes {id}"""
import os, signal, subprocess, sys, time
import sqlalchemy as sa
from alembic import op

revision, down_revision = {id!r}, {down!r}


def upgrade():
{up}


def downgrade():
{undo}
'''


def table(name: str) -> str:
    return f'op.create_table("{name}", sa.Column("id", sa.Integer, primary_key=True))'


@dataclass
class Seen:
    """All that came out of one run."""

    exit: supervisor.Exit
    events: list[dict[str, Any]]
    lines: list[tuple[str, str]]

    @property
    def text(self) -> str:
        return "\n".join(text for _, text in self.lines)

    def named(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    @property
    def error(self) -> dict[str, Any]:
        assert self.exit.error is not None
        return self.exit.error


@dataclass
class World:
    """A project in `root` and its SQLite database beside it."""

    root: Path
    ids: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.write("alembic.ini", INI)
        self.write("migrations/env.py", ENV)

    @property
    def database(self) -> Path:
        return self.root.parent / "target.db"

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def revision(self, id: str, up: str, undo: str = "pass", down: str | tuple[str, ...] | None = None) -> str:
        """Adds a revision, on top of the last one unless `down` says otherwise."""
        parent = down if down is not None else self.ids[-1] if self.ids else None
        bodies = {name: textwrap.indent(textwrap.dedent(body).strip(), "    ") for name, body in (("up", up), ("undo", undo))}
        self.write(f"migrations/versions/{id}.py", REVISION.format(id=id, down=parent, **bodies))
        self.ids.append(id)
        return id

    def spec(self, command: str = "upgrade", ids: Iterable[str] | None = None, **changes: Any) -> dict[str, Any]:
        """All revisions from an empty database, unless told otherwise."""
        chosen = list(self.ids if ids is None else ids)
        direction = command if command in ("downgrade", "stamp") else "upgrade"
        document = {
            "command": command,
            "config_file": str(self.root / "alembic.ini"),
            "working_directory": str(self.root),
            "url": f"sqlite:///{self.database}",
            "steps": [{"revision": name, "direction": direction} for name in chosen],
            "from": [],
            "to": chosen[-1:],
            "identity": {"dialect": "sqlite", "path": str(self.database.resolve())},
            "lock_key": 7,
            "lock_timeout": 5,
        }
        return document | changes

    def run(self, command: str = "upgrade", ids: Iterable[str] | None = None, **changes: Any) -> Seen:
        return run(self.spec(command, ids, **changes))

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.database)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    @property
    def tables(self) -> list[str]:
        return sorted(name for (name,) in self.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'alembic_version'"))

    @property
    def version(self) -> list[str]:
        return sorted(name for (name,) in self.query("SELECT version_num FROM alembic_version"))


def run(
    spec: dict[str, Any],
    python: str = sys.executable,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    timeout: float = 60,
    silence: float | None = None,
    secrets: Iterable[str] = (),
) -> Seen:
    events: list[dict[str, Any]] = []
    lines: list[tuple[str, str]] = []
    end = supervisor.run(
        spec,
        python,
        on_event=events.append,
        on_line=lambda stream, text, _at: lines.append((stream, text)),
        on_tick=lambda: None,
        should_stop=should_stop,
        timeout=timeout,
        silence=silence,
        secrets=secrets,
    )
    return Seen(end, events, lines)
