"""What stands between a project's code and the dashboard: another user, limits, and no way back to more rights.

docs/threat-model.md says what each level keeps away, and what it does not.
"""

import ctypes
import os
import pwd
import resource
import shutil
import signal
import stat
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS = 1, 38  # prctl(2)
PRCTL = getattr(ctypes.CDLL(None), "prctl", None)  # looked up here, and not between fork and exec, where it could wait for a lock
CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")
MIB = 1024 * 1024


class CannotIsolate(Exception):
    """The project's code cannot be run as the settings ask; it is not run then. The sentence becomes the job's error."""

    code = "cannot_isolate"


@dataclass(frozen=True)
class Isolation:
    """How a project's code runs. `uid` is None where it runs as the dashboard's own user; a limit of 0 is none."""

    uid: int | None = None
    gid: int | None = None
    name: str = ""
    in_container: bool = False
    memory_mib: int = 0
    processes: int = 0
    open_files: int = 0

    @property
    def level(self) -> str:
        """process, user, or container: the last is another user within a container."""
        if self.uid is None:
            return "process"
        return "container" if self.in_container else "user"

    @property
    def sentence(self) -> str:
        who = f"as the separate user {self.name}" if self.uid is not None else "as the dashboard's own user"
        return f"The project's code runs {who}{', in a container' if self.in_container else ''} (isolation: {self.level})."

    def options(self) -> dict[str, Any]:
        """For Popen."""
        other: dict[str, Any] = {"user": self.uid, "group": self.gid, "extra_groups": []} if self.uid is not None else {}
        return other | {"preexec_fn": self._confine(), "start_new_session": True}

    def _confine(self) -> Callable[[], None]:
        """What the child does to itself before it becomes the project's Python: system calls, and no locks."""
        limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_AS: self.memory_mib * MIB or None}
        limits |= {resource.RLIMIT_NPROC: self.processes or None, resource.RLIMIT_NOFILE: self.open_files or None}
        wanted = [(kind, _lowered(kind, limit)) for kind, limit in limits.items() if limit is not None]

        def confine() -> None:
            if PRCTL:
                PRCTL(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
                PRCTL(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            for kind, limit in wanted:
                resource.setrlimit(kind, (limit, limit))

        return confine


def current() -> Isolation:
    """The level that is in force in this process. CannotIsolate if it cannot be: code never runs with more rights than was asked for."""
    limits: dict[str, Any] = {
        "memory_mib": settings.RUNNER_MEMORY_MIB,
        "processes": settings.RUNNER_PROCESSES,
        "open_files": settings.RUNNER_OPEN_FILES,
    }
    inside = in_container()
    if not settings.RUNNER_USER:
        return Isolation(in_container=inside, **limits)
    entry = account(settings.RUNNER_USER)
    if os.geteuid() not in (0, entry.pw_uid):
        raise CannotIsolate(
            f"RUNNER_USER is {settings.RUNNER_USER}, but this worker runs as user {os.geteuid()} and may not start anything as another."
            " Nothing was run. Start the worker as root, or leave RUNNER_USER empty."
        )
    if entry.pw_uid in (0, os.geteuid()):
        raise CannotIsolate(f"RUNNER_USER is {settings.RUNNER_USER}, which is no separate user. Nothing was run. Name another account.")
    return Isolation(entry.pw_uid, entry.pw_gid, entry.pw_name, inside, **limits)


def sentence() -> str:
    """How this process runs the code of projects, or why it does not."""
    try:
        return current().sentence
    except CannotIsolate as error:
        return str(error)


def account(name: str) -> pwd.struct_passwd:
    """By name or number; a number need not have an entry."""
    with suppress(KeyError):
        return pwd.getpwuid(int(name)) if name.isdigit() else pwd.getpwnam(name)
    if name.isdigit():
        return pwd.struct_passwd((name, "x", int(name), int(name), "", "/", ""))
    raise CannotIsolate(f"RUNNER_USER is {name}, and this machine has no such user. Nothing was run. Create it, or correct the setting.")


def in_container() -> bool:
    marked = any(Path(mark).exists() for mark in CONTAINER_MARKS)
    return marked or "KUBERNETES_SERVICE_HOST" in os.environ or bool(os.environ.get("container"))  # noqa: SIM112 - systemd's name


class Room:
    """What a child of another user needs from us: a home of its own, and a way to the code. For our own user it is nothing."""

    def __init__(self, isolation: Isolation, code: Path) -> None:
        self.home: Path | None = None
        if isolation.uid is None or isolation.gid is None:
            return
        _open_way(code)
        self.home = Path(tempfile.mkdtemp(prefix="dashboard-job-"))
        os.chown(self.home, isolation.uid, isolation.gid)

    @property
    def environment(self) -> dict[str, str]:
        return {"HOME": str(self.home), "TMPDIR": str(self.home)} if self.home else {}

    def clear(self) -> None:
        if self.home:
            shutil.rmtree(self.home, ignore_errors=True)


def _open_way(code: Path) -> None:
    """Checkouts lie in the data directory, which is ours alone: the way there can be walked, and only the checkout can be read."""
    data = Path(settings.DATA_DIR).resolve()
    place = code.resolve()
    if data not in place.parents:
        return
    inside = place.relative_to(data).parts
    root = data.joinpath(*inside[:2])  # checkouts/<commit>
    for parent in (data, data / inside[0]):
        parent.chmod(stat.S_IMODE(parent.stat().st_mode) | 0o011)
    if root.stat().st_mode & 0o005 != 0o005:  # it is opened last, so that a half-opened one is done again
        for path in [*root.rglob("*"), root]:
            mode = stat.S_IMODE(path.lstat().st_mode)
            if not path.is_symlink():
                path.chmod(mode | (0o055 if path.is_dir() or mode & 0o100 else 0o044))


def _lowered(kind: int, limit: int) -> int:
    """Never above what we ourselves have."""
    ours = resource.getrlimit(kind)[1]
    return limit if ours == resource.RLIM_INFINITY else min(limit, ours)
