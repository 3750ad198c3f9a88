"""A running server, with projects that wait where a test wants them to."""

import contextlib
import itertools
import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.runner.projects import World
from tests.support.dashboard import Api, Dashboard
from tests.support.patience import eventually
from tests.support.targets import Target

NUMBERS = itertools.count(1)


@dataclass
class Gate:
    """Code of a revision that says which process runs it, and waits until the gate is open; a preview passes by."""

    place: Path

    def __post_init__(self) -> None:
        self.place.mkdir(parents=True, exist_ok=True)

    @property
    def code(self) -> str:
        closed = f"not op.get_context().as_sql and not os.path.exists({str(self.place / 'open')!r})"
        return f"if not op.get_context().as_sql:\n    {says_who(self.place / 'pids')}\nwhile {closed}:\n    time.sleep(0.02)"

    def open(self) -> None:
        (self.place / "open").touch()

    @property
    def pids(self) -> list[int]:
        """Everyone who came to the gate."""
        path = self.place / "pids"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    def wait(self) -> int:
        """The first who comes."""
        return eventually(lambda: self.pids, 30, "the migration has come to the gate")[0]


def says_who(path: Path) -> str:
    """Python that adds the process's id to a file."""
    return f"print(os.getpid(), file=open({str(path)!r}, 'a'), flush=True)"


@dataclass
class Database:
    """A registered database, and the same one read directly."""

    api: Api
    project: str
    id: str
    target: Target

    def request(self, command: str = "upgrade", revision: str | None = "head", **more: Any) -> str:
        return self.api.request(self.id, command, revision, **more)

    def run(self, command: str = "upgrade", revision: str | None = "head", **more: Any) -> dict[str, Any]:
        return self.api.run(self.id, command, revision, **more)

    @property
    def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"/databases/{self.id}")
        return found


@dataclass
class Stage:
    """One server for many tests; each brings projects of its own."""

    dashboard: Dashboard
    api: Api = field(init=False)

    def __post_init__(self) -> None:
        self.api = Api(self.dashboard.port)
        self.api.call("POST", "/api/v1/environments", {"slug": "dev", "name": "dev", "position": 1, "protected": False})

    def add(self, world: World, target: Target | None = None, **fields: Any) -> Database:
        """Registers the project with one database: a new SQLite file unless another is named."""
        slug = f"project-{next(NUMBERS)}"
        source = {"kind": "directory", "path": str(world.root)}
        self.api.post("/projects", {"slug": slug, "source": source} | fields)
        return self.database(slug, target or Target.sqlite(world.root.parent / "target.db"))

    def database(self, project: str, target: Target) -> Database:
        body = {"project": project, "environment": "dev", "name": f"d{next(NUMBERS)}", "url": target.url}
        return Database(self.api, project, self.api.post("/databases", body)["id"], target)

    def worker(self, queue: str = "jobs") -> list[int]:
        """The processes of a worker, the one that others are children of first."""
        found = [pid for pid, words in self.dashboard.running().items() if f"--hostname={queue}@" in words]
        return sorted(found, key=lambda pid: parent(pid) in found)

    def broker(self) -> str:
        """The path of the broker's socket."""
        variables = Path(f"/proc/{self.worker()[0]}/environ").read_bytes().split(b"\0")
        return next(text.decode().partition("unix://")[2] for text in variables if text.startswith(b"REDIS_URL="))


def parent(pid: int) -> int:
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return 0


def kill(*pids: int, number: int = signal.SIGKILL) -> None:
    assert min(pids) > 1, "0 would be everyone in this group"
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
