"""The same project on each kind of database: revisions written into it, jobs run, and someone else's session beside them."""

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2
import pymysql

from accounts.models import User
from environments import services as environments
from environments.models import Database
from jobs import execution, services
from jobs.models import Job
from tests.jobs.conftest import write_revision


@dataclass
class Stage:
    """A project with one database of this engine. `connect` opens a session as the application would."""

    engine: str
    user: User
    root: Path
    database: Database
    connect: Callable[[], Any]
    ids: list[str] = field(default_factory=lambda: ["one", "two", "three"])

    def revision(self, up: str, undo: str = "pass", id: str = "") -> str:
        """One more, on top."""
        id = id or f"r{len(self.ids)}"
        write_revision(self.root, id, self.ids[-1], "\n    ".join(up.splitlines()), undo)
        self.ids.append(id)
        return id

    def sql(self, *statements: str) -> None:
        with contextlib.closing(self.connect()) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
            connection.commit()

    def request(self, command: str = "upgrade", revision: str = "heads") -> Job:
        environments.check_database_now(self.database)
        self.database.refresh_from_db()
        return services.request_job(self.database, user=self.user, command=command, revision=revision)

    def run(self, command: str = "upgrade", revision: str = "heads") -> Job:
        """Requested, and executed here as a worker would."""
        return self.execute(self.request(command, revision))

    def execute(self, job: Job) -> Job:
        execution.execute(job.pk)
        job.refresh_from_db()
        return job

    @contextlib.contextmanager
    def holding(self, *statements: str) -> Iterator[None]:
        """Another session that has done this in a transaction and leaves it open."""
        with contextlib.closing(self.connect()) as connection:
            cursor = connection.cursor()
            for statement in statements:
                cursor.execute(statement)
                with contextlib.suppress(Exception):
                    cursor.fetchall()
            yield
            connection.rollback()


def postgresql(url: str, name: str = "billing-worker") -> Callable[[], Any]:
    return lambda: psycopg2.connect(url.replace("+psycopg2", ""), application_name=name)


def mysql(port: int, database: str, user: str, password: str) -> Callable[[], Any]:
    return lambda: pymysql.connect(
        host="127.0.0.1", port=port, user=user, password=password, database=database, program_name="billing-worker"
    )


def sqlite(path: Path) -> Callable[[], Any]:
    return lambda: sqlite3.connect(path, isolation_level=None)


@contextlib.contextmanager
def beside(work: Callable[[], Any]) -> Iterator[threading.Thread]:
    """Something that goes on beside the test, and has ended with it."""
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(60)
        assert not thread.is_alive()
