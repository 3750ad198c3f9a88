"""The dashboard as real processes: web, two workers for jobs, one for readings, scheduler, broker, and its store on PostgreSQL."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Self

import redis

from config.embedded import EmbeddedPostgres, EmbeddedValkey, die_with_parent, free_port
from jobs.supervisor import COOKIE

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "token-of-the-crash-harness"  # opens nothing but the installation that a run makes and throws away
MARK = "CRASH_DIR"
READY_TIMEOUT = 60.0


class Process:
    """One program of the installation, started through the launcher."""

    def __init__(self, name: str, words: list[str], environment: dict[str, str], log: Path) -> None:
        self.name, self.words, self.environment, self.log = name, words, environment, log
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "crash.launcher", *self.words], cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509 - one system call
            )  # fmt: skip
        self.starts += 1

    @property
    def pid(self) -> int:
        return self.process.pid if self.process and self.process.poll() is None else 0


class Installation:
    """Everything below one directory; `with` starts it and leaves nothing behind."""

    def __init__(self, directory: Path, *, broken: str = "", schedulers: int = 1) -> None:
        self.schedulers = schedulers
        self.directory, self.port = directory, free_port()
        self.armed = directory / "armed"
        self.armed.mkdir(parents=True)
        self.store = EmbeddedPostgres(directory / "store")
        self.broker = EmbeddedValkey(directory / "broker")
        self.broken = broken
        self.processes: dict[str, Process] = {}
        self.down: set[str] = set()

    def __enter__(self) -> Self:
        try:
            self.store.start()
            self.broker.start()
            self.environment = self._environment()
            subprocess.run([sys.executable, "-m", "config.install"], cwd=ROOT, env=self.environment, check=True, capture_output=True)
            for name, words in self._programs().items():
                self.processes[name] = Process(name, words, self.environment, self.directory / f"{name}.log")
                self.processes[name].start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.processes.clear()
        self.end_all()
        self.broker.stop()
        self.store.stop()

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        scratch = self.directory / "tmp"
        scratch.mkdir(exist_ok=True)
        return kept | {
            "DATA_DIR": str(self.directory / "data"), "DATABASE_URL": self.store_url(), "REDIS_URL": self.broker.url(),
            "ADMIN_TOKEN": TOKEN, "ADMIN_PASSWORD": secrets.token_urlsafe(12), "DJANGO_SETTINGS_MODULE": "config.settings",
            "C_FORCE_ROOT": "1", "PYTHONWARNINGS": "ignore", MARK: str(self.directory), "CRASH_BREAK": self.broken, "TMPDIR": str(scratch),
            "LOCK_WAIT": "20", "STOP_GRACE": "20",
        }  # fmt: skip

    def store_url(self) -> str:
        return self.store.url(driver="postgres")

    def _programs(self) -> dict[str, list[str]]:
        celery = ["celery", "--quiet", "--app=config.celery"]
        worker = [*celery, "worker", "--without-gossip", "--without-mingle", "--loglevel=WARNING"]
        web = ["gunicorn", "config.wsgi", "--preload", "--worker-class=gthread", "--workers=2", "--threads=4", "--log-level=warning"]
        return {
            "web": [*web, f"--bind=127.0.0.1:{self.port}", "--graceful-timeout=2"],
            "jobs1": [*worker, "--queues=jobs", "--concurrency=3", "--hostname=jobs1@%h"],
            "jobs2": [*worker, "--queues=jobs", "--concurrency=3", "--hostname=jobs2@%h"],
            "reads": [*worker, "--queues=reads", "--concurrency=2", "--hostname=reads@%h"],
        } | {name: self._scheduler(name) for name in ("scheduler", "scheduler2", "scheduler3")[: self.schedulers]}

    def _scheduler(self, name: str) -> list[str]:
        return [
            "celery",
            "--quiet",
            "--app=config.celery",
            "beat",
            "--pidfile=",
            f"--schedule={self.directory}/{name}",
            "--loglevel=WARNING",
        ]

    # --- what runs

    def tend(self) -> None:
        """Starts again what has died, unless it is meant to stay down for now. From the main thread alone: what it starts dies with it."""
        for name, process in self.processes.items():
            if not process.pid and name not in self.down:
                process.start()

    def wait_until_ready(self) -> None:
        from jobs.models import Worker  # models can be imported only now

        deadline = time.monotonic() + READY_TIMEOUT
        while Worker.objects.count() < 3:
            if time.monotonic() > deadline:
                raise RuntimeError(f"the workers did not come up; see {self.directory}/*.log")
            self.tend()
            time.sleep(0.2)

    def main(self, name: str) -> int:
        return self.processes[name].pid if name in self.processes else 0

    def children(self, name: str) -> list[int]:
        """The processes that a program has forked: a worker's slots, the web's workers."""
        main = self.main(name)
        return sorted(pid for pid, (parent, _) in table().items() if parent == main and main)

    def runners(self) -> list[int]:
        """The processes in which projects run, and what they have started."""
        return sorted(pid for pid, names in self._ours() if COOKIE in names)

    def _ours(self) -> Iterator[tuple[int, set[str]]]:
        mark = f"{MARK}={self.directory}".encode()
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                words = path.read_bytes().split(b"\0")
                if mark in words and is_alive(int(path.parent.name)):
                    yield int(path.parent.name), {word.partition(b"=")[0].decode() for word in words}

    def end_all(self) -> None:
        """By the mark that all of them carry, and nobody else."""
        for _ in range(50):
            found = [pid for pid, _ in self._ours() if pid != os.getpid()]
            if not found:
                return
            for pid in found:
                send(pid, signal.SIGKILL)
            time.sleep(0.05)

    def client(self) -> "redis.Redis[bytes]":
        return redis.Redis.from_url(self.broker.url(), socket_timeout=2)


def table() -> dict[int, tuple[int, str]]:
    """Per process its parent and its state."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, ValueError, IndexError):
            state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
            found[int(path.parent.name)] = (int(parent), state)
    return found


def is_alive(pid: int) -> bool:
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0] != "Z"
    return False


def send(pid: int, number: int) -> None:
    if pid > 1:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
