"""Servers on which the dashboard may make databases that live for one comparison: none unless the settings name them."""

import re
import secrets as tokens
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from sqlalchemy import Connection, text

from environments import connections, secrets, urls
from environments.errors import BadUrl
from environments.models import Database
from environments.urls import ParsedUrl

PREFIX = "alembic_dashboard_scratch_"
NAME = re.compile(PREFIX + "[0-9a-f]{32}")
SETTINGS = {"postgresql": "SCRATCH_POSTGRESQL_URL", "mysql": "SCRATCH_MYSQL_URL"}
LABELS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MySQL and MariaDB"}
CAN_FORCE = (13,)
LOCK_WAIT = 10


@dataclass(frozen=True)
class Server:
    """One that the settings name; its database is where the dashboard connects to make others."""

    kind: str
    url: ParsedUrl = field(repr=False)

    @property
    def place(self) -> str:
        return f"{self.url.host}:{self.url.port or connections.DEFAULT_PORTS[self.kind]}"

    def leads_to(self, like: Database, name: str) -> Database:
        """The profile, which is not saved, turned to this server's database of that name. Its password is sealed as any other."""
        if urls.dialect(like.driver) != self.kind:
            like.driver = self.url.driver
        like.host, like.port, like.username, like.database = self.url.host, self.url.port, self.url.username, name
        like.query = dict(self.url.query)
        like.secret = secrets.encrypt(like.pk, self.url.password) if self.url.password else ""
        return like

    def create(self, name: str) -> None:
        """Raises Unreachable, in words."""
        self._run(lambda connection: connection.execute(text(f"CREATE DATABASE {self._quoted(name)}")))

    def drop(self, name: str) -> None:
        """With the sessions that are still in it; nothing where there is no such database. Raises Unreachable."""
        self._run(lambda connection: self._drop(connection, name))

    def _drop(self, connection: Connection, name: str) -> None:
        force = ""
        if self.kind == "mysql":
            connection.execute(text(f"SET SESSION lock_wait_timeout = {LOCK_WAIT:d}"))
        elif (connection.dialect.server_version_info or ()) >= CAN_FORCE:
            force = " WITH (FORCE)"
        else:
            connection.execute(text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name})
        connection.execute(text(f"DROP DATABASE IF EXISTS {self._quoted(name)}{force}"))

    def _run(self, work: Callable[[Connection], object]) -> None:
        profile = self.leads_to(Database(pk=uuid.uuid4(), driver=self.url.driver), self.url.database)
        with connections.explained(profile), connections.connect_for_writing(profile) as connection:
            work(connection)

    def _quoted(self, name: str) -> str:
        """Nothing but a name that was made here is ever made or dropped."""
        if not NAME.fullmatch(name):
            raise ValueError("not a scratch database")
        return f"`{name}`" if self.kind == "mysql" else f'"{name}"'


def server(kind: str) -> Server | None:
    """None where no server of this kind is set. Raises BadUrl, which names the setting."""
    given = settings.SCRATCH_URLS.get(kind, "")
    if not given:
        return None
    try:
        url = urls.parse(given)
    except BadUrl as bad:
        raise BadUrl(f"{SETTINGS[kind]} cannot be used: {bad}") from None
    if urls.dialect(url.driver) != kind:
        raise BadUrl(f"{SETTINGS[kind]} leads to another kind of server: {urls.dialect(url.driver)}.")
    return Server(kind, url)


def kinds() -> list[str]:
    """On what a scratch database can be made here: SQLite always, being a file."""
    return ["sqlite", *(kind for kind in SETTINGS if settings.SCRATCH_URLS.get(kind))]


def new_name() -> str:
    """One that nobody can guess, and nobody else has."""
    return PREFIX + tokens.token_hex(16)


def refusal(kind: str) -> str:
    """Why there is no scratch database of this kind; empty where there can be one."""
    if kind in kinds():
        return ""
    return (
        f"A scratch database on {LABELS.get(kind, kind)} needs a server on which the dashboard may make databases, and none is set. "
        f"Whoever runs the dashboard names one in {SETTINGS.get(kind, 'a setting')} (docs/configuration.md). Or bring a database of this "
        "kind to head with a job, and compare with that."
    )
