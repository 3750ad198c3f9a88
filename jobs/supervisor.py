"""Starts the runner as a child process, reads what it says, and ends it with everything that it started."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from jobs.output import Budget, Lines
from jobs.redaction import Redactor

Event = dict[str, Any]
RUNNER = Path(settings.BASE_DIR) / "runner" / "__main__.py"
COOKIE = "ALEMBIC_DASHBOARD_RUN"
TICK = 0.1
READ = 256 * 1024
ASK, DRAIN = 5.0, 2.0  # seconds between asking and killing; for output that a grandchild still holds
LARGEST_EVENT = 32 * 1024 * 1024


@dataclass(frozen=True)
class Exit:
    """How a run ended. `closed` means that the runner's closing event came; only the database says what was done."""

    returncode: int | None
    signal: int | None = None
    timed_out: bool = False
    stopped: bool = False
    closed: bool = False
    error: Event | None = None
    pid: int | None = None

    @classmethod
    def never_started(cls) -> "Exit":
        return cls(returncode=None)


@dataclass
class Run:
    """One child process while it lives."""

    process: subprocess.Popen[bytes]
    cookie: str
    on_event: Callable[[Event], None]
    on_line: Callable[[str, str, datetime], None]
    streams: dict[int, Lines]
    names: dict[int, str]
    events: int
    budget: Budget = field(default_factory=Budget)
    closed: bool = False
    error: Event | None = None
    partial: bytes = b""

    def take(self, descriptor: int) -> bool:
        """Reads what is there; false at the end of the stream."""
        try:
            data = os.read(descriptor, READ)
        except OSError:
            data = b""
        if descriptor == self.events:
            self._take_events(data)
            return bool(data)
        lines = self.streams[descriptor]
        now, name = datetime.now(UTC), self.names[descriptor]
        for text in lines.feed(data) if data else lines.end():
            if self.budget.admit(name, text):
                self.on_line(name, text, now)
        return bool(data)

    def _take_events(self, data: bytes) -> None:
        *complete, self.partial = (self.partial + data).split(b"\n")
        if len(self.partial) > LARGEST_EVENT:
            self.partial = b""
        for line in complete:
            try:
                event = json.loads(line)
            except ValueError:  # the project's code can write here too if it tries; it deceives only itself
                continue
            if isinstance(event, dict):
                self.closed = self.closed or event.get("event") == "closing"
                self.error = self.error or (event if event.get("event") == "error" else None)
                self.on_event(event)

    def finish_log(self) -> None:
        for name, text in self.budget.tail():
            self.on_line(name, text, datetime.now(UTC))


def run(
    spec: dict[str, Any],
    python: str,
    *,
    on_event: Callable[[Event], None],
    on_line: Callable[[str, str, datetime], None],
    on_tick: Callable[[], None],
    should_stop: Callable[[], bool],
    timeout: float,
    secrets: list[str],
) -> Exit:
    """Runs one specification to its end; `on_tick` and `should_stop` are called several times a second.

    The specification goes through a pipe, so that nothing secret is in an argument, a variable or a file. An interpreter that
    cannot be started is an Exit with an error event, like everything else that goes wrong.
    """
    redact = Redactor(secrets)
    cookie = os.urandom(12).hex()
    try:
        process, events, watch = _start(python, cookie)
    except OSError as error:
        message = f"The interpreter {python} cannot be started: {error.strerror}."
        event = {"event": "error", "code": "missing_interpreter", "message": message}
        on_event(event)
        return Exit(returncode=None, error=event)
    assert process.stdout is not None
    assert process.stderr is not None
    names = {process.stdout.fileno(): "stdout", process.stderr.fileno(): "stderr"}
    job = Run(process, cookie, _masked(on_event, redact), on_line, {number: Lines(redact) for number in names}, names, events)
    try:
        _send(process, spec)
        timed_out, stopped = _attend(job, on_tick, should_stop, timeout)
    finally:
        end_tree(process, cookie)
        os.close(watch)
        os.close(events)
    job.finish_log()
    code = process.returncode
    return Exit(code, -code if code < 0 else None, timed_out, stopped, job.closed, job.error, process.pid)


def _start(python: str, cookie: str) -> tuple[subprocess.Popen[bytes], int, int]:
    """The process, our end of the event channel, and the descriptor whose closing tells it that we are gone."""
    events_in, events_out = os.pipe()
    watch_in, watch_out = os.pipe()
    try:
        process = subprocess.Popen(
            [python, str(RUNNER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(events_out, watch_in, cookie),
            pass_fds=(events_out, watch_in),
            start_new_session=True,
        )
    except OSError:
        os.close(events_in)
        os.close(watch_out)
        raise
    finally:
        os.close(events_out)
        os.close(watch_in)
    return process, events_in, watch_out


def _environment(events: int, watch: int, cookie: str) -> dict[str, str]:
    """Only what a program needs to run: nothing of the dashboard's own settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "TMPDIR") if name in os.environ}
    return kept | {
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONBREAKPOINT": "0",
        "ALEMBIC_DASHBOARD_EVENTS_FD": str(events),
        "ALEMBIC_DASHBOARD_WATCH_FD": str(watch),
        "ALEMBIC_DASHBOARD_PARENT": str(os.getpid()),
        COOKIE: cookie,
    }


def _masked(on_event: Callable[[Event], None], redact: Redactor) -> Callable[[Event], None]:
    def masked(event: Event) -> None:
        on_event(json.loads(redact(json.dumps(event, ensure_ascii=False).encode("utf-8", "replace"))))

    return masked


def _send(process: subprocess.Popen[bytes], spec: dict[str, Any]) -> None:
    assert process.stdin is not None
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        pipe.write(json.dumps(spec).encode())


def _attend(job: Run, on_tick: Callable[[], None], should_stop: Callable[[], bool], timeout: float) -> tuple[bool, bool]:
    """Reads until the process has ended and its output is drained. Never stops reading: a full pipe freezes a migration."""
    deadline, asked_at, ended_at = time.monotonic() + timeout, 0.0, 0.0
    timed_out = stopped = False
    with selectors.DefaultSelector() as selector:
        for descriptor in (*job.names, job.events):
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map() or job.process.poll() is None:
            for key, _ in selector.select(TICK):
                if not job.take(key.fd):
                    selector.unregister(key.fd)
            on_tick()
            now = time.monotonic()
            if job.process.poll() is not None:
                ended_at = ended_at or now
                if now - ended_at > DRAIN:  # something that the migration started still holds the pipe
                    break
            elif not asked_at and ((timed_out := now > deadline) or (stopped := should_stop())):
                asked_at = now
                _signal_group(job.process, signal.SIGTERM)
            elif asked_at and now - asked_at > ASK:
                end_tree(job.process, job.cookie)
            if not selector.get_map():
                time.sleep(0.01)
    return timed_out, stopped


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def end_tree(process: subprocess.Popen[bytes], cookie: str) -> None:
    """Kills the process, its group, and whatever else still carries the run's cookie: a daemon leaves the group, not its environment."""
    _signal_group(process, signal.SIGKILL)
    for pid in carriers(cookie):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdout, process.stderr):
        if pipe:
            pipe.close()


def carriers(cookie: str) -> list[int]:
    """The processes whose environment holds the cookie."""
    mark, found = f"{COOKIE}={cookie}".encode(), []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if mark in path.read_bytes():
                found.append(int(path.parent.name))
    return found
