"""A witness of what this process does beyond computing, and the API on a small project."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.api.conftest import api  # noqa: F401 fixture
from tests.jobs.conftest import add_database, admin, database, dev, project, root, run  # noqa: F401 fixtures of the shop project

EVENTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.forkpty", "socket.connect", "socket.getaddrinfo")


class Witness:
    """Sees, by Python's own audit events, every process that is started and every connection and look-up that is begun in this thread."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.thread = 0
        sys.addaudithook(self.hook)  # for good: hooks cannot be taken away

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in EVENTS and threading.get_ident() == self.thread:
            self.seen.append(f"{event} {str(arguments)[:200]}")

    @contextmanager
    def watching(self) -> Iterator[list[str]]:
        self.seen.clear()
        self.thread = threading.get_ident()
        try:
            yield self.seen
        finally:
            self.thread = 0


@pytest.fixture(scope="session")
def witness() -> Witness:
    return Witness()
