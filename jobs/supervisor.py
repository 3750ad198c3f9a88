"""Runs the runner as a child process and watches it to its end: reads all it says, stops it when asked, leaves nothing of it behind."""

import json
import os
import secrets as random
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from jobs import isolation, leftovers
from jobs.events import Events
from jobs.output import Output
from jobs.redaction import Redactor

RUNNER = Path(__file__).resolve().parent.parent / "runner" / "__main__.py"
COOKIE = "ALEMBIC_DASHBOARD_JOB"
PASSED_ON = ("PATH", "HOME", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
TICK = 0.2
TERM_TIMEOUT, DRAIN_TIMEOUT = 5.0, 2.0

OnEvent = Callable[[dict[str, Any]], None]
OnLine = Callable[[str, str, datetime], None]


@dataclass(frozen=True)
class Exit:
    """How the runner ended. `closed`: it said itself that all was done; `error`: the first error it reported; `silent`: it was
    stopped because it had said nothing for too long, which is one way to be timed out."""

    returncode: int | None = None
    signal: int | None = None
    timed_out: bool = False
    silent: bool = False
    stopped: bool = False
    closed: bool = False
    error: dict[str, Any] | None = None
    pid: int | None = None

    @classmethod
    def never_started(cls, error: dict[str, Any] | None = None) -> Self:
        return cls(error=error)


def run(
    spec: dict[str, Any],
    python: str,
    *,
    on_event: OnEvent,
    on_line: OnLine = lambda _stream, _text, _at: None,
    on_tick: Callable[[], None] = lambda: None,
    should_stop: Callable[[], bool] = lambda: False,
    timeout: float | None,
    silence: float | None = None,
    secrets: Iterable[str] = (),
) -> Exit:
    """Runs one specification under the project's interpreter and returns once no process of it is left.

    `timeout` limits the whole run, `silence` the time without any output or event, both in seconds.

    `on_tick` and `should_stop` are called several times a second, from this thread like the other two; whatever a callback
    raises comes out here, after the child has been ended. No event and no line holds one of the `secrets`.
    """
    try:
        child = Child(spec, python, Redactor(secrets), on_event, on_line)
    except isolation.CannotIsolate as error:
        return _never_started(on_event, error.code, str(error))
    except (OSError, subprocess.SubprocessError) as error:
        why = getattr(error, "strerror", None) or error
        return _never_started(on_event, "missing_interpreter", f"The project's Python could not be started: {python}: {why}.")
    try:
        return child.watch(on_tick, should_stop, timeout, silence)
    finally:
        child.end()


def _never_started(on_event: OnEvent, code: str, reason: str) -> Exit:
    told = {"event": "error", "t": time.time(), "code": code, "type": "Failure", "message": reason}
    on_event(told)
    return Exit.never_started(told)


class Child:
    """One running runner and the pipes to it."""

    def __init__(self, spec: dict[str, Any], python: str, redactor: Redactor, on_event: OnEvent, on_line: OnLine) -> None:
        self.on_event = on_event
        self.cookie = random.token_hex(16)
        self.document = memoryview(json.dumps(spec).encode())
        self.reports = Events(redactor)
        self.exit = Exit()
        leftovers.adopt()
        self.others = leftovers.descendants(os.getpid(), dead=True)
        self.output = Output(redactor, on_line)
        self.heard_at = time.monotonic()
        self.isolation = isolation.current()
        self.room = isolation.Room(self.isolation, Path(spec["working_directory"]))
        self._start(python)

    def _start(self, python: str) -> None:
        events, events_in = os.pipe()
        watched, self.lifeline = os.pipe()
        os.set_blocking(self.lifeline, False)
        try:
            self.process = subprocess.Popen(
                [python, str(RUNNER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                env=environment(self.cookie, events_in, watched) | self.room.environment,
                pass_fds=(events_in, watched),
                **self.isolation.options(),
            )
        except (OSError, subprocess.SubprocessError):
            os.close(events)
            os.close(self.lifeline)
            self.room.clear()
            raise
        finally:
            os.close(events_in)
            os.close(watched)
        self.exit = replace(self.exit, pid=self.process.pid)
        self._listen(events)

    def _listen(self, events: int) -> None:
        assert self.process.stdin
        assert self.process.stdout
        assert self.process.stderr
        self.selector = selectors.DefaultSelector()
        for descriptor, name in ((events, "events"), (self.process.stdout.fileno(), "stdout"), (self.process.stderr.fileno(), "stderr")):
            os.set_blocking(descriptor, False)
            self.selector.register(descriptor, selectors.EVENT_READ, name)
        os.set_blocking(self.process.stdin.fileno(), False)
        self.selector.register(self.process.stdin.fileno(), selectors.EVENT_WRITE, "stdin")
        self.events = events

    # --- watching

    def watch(
        self, on_tick: Callable[[], None], should_stop: Callable[[], bool], timeout: float | None, silence: float | None = None
    ) -> Exit:
        """Until the child has ended and said all it had to say."""
        deadline = time.monotonic() + timeout if timeout else None
        kill_at: float | None = None
        while not self._has_ended():
            self._exchange(TICK)
            on_tick()
            self._say_alive()
            now = time.monotonic()
            silent = bool(silence and now - self.heard_at > silence)
            timed_out = silent or bool(deadline and now > deadline)
            if kill_at is None and (timed_out or should_stop()):
                self.exit = replace(self.exit, stopped=not timed_out, timed_out=timed_out, silent=silent)
                self._signal_group(signal.SIGTERM)
                kill_at = now + TERM_TIMEOUT
            elif kill_at is not None and now > kill_at:
                self.kill()
        self._drain()
        on_tick()
        return self.exit

    def _say_alive(self) -> None:
        """The runner ends itself when it has not heard from us for a while: then its job is somebody else's to judge."""
        with suppress(BlockingIOError, BrokenPipeError):
            os.write(self.lifeline, b".")

    def _has_ended(self) -> bool:
        # Not reaped yet: as long as it is not, its id and its group's id cannot become another process's.
        return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _drain(self) -> None:
        """What is still in the pipes; whatever holds them open after the child's end was left behind and goes first."""
        self.kill()
        deadline = time.monotonic() + DRAIN_TIMEOUT
        while len(self._readable()) and time.monotonic() < deadline:
            self._exchange(TICK)
        self.output.finish(datetime.now(UTC))
        code = self.process.wait()
        self.exit = replace(self.exit, returncode=code if code >= 0 else None, signal=-code if code < 0 else None)

    def _readable(self) -> list[str]:
        return [key.data for key in self.selector.get_map().values() if key.data != "stdin"]

    def _exchange(self, seconds: float) -> None:
        for key, _ in self.selector.select(seconds):
            if key.data == "stdin":
                self._write()
                continue
            data = os.read(key.fd, 1 << 16)
            self.heard_at = time.monotonic()
            if not data:
                self.selector.unregister(key.fd)
            elif key.data == "events":
                for event in self.reports.feed(data):
                    self._take(event)
            else:
                self.output.feed(key.data, data, datetime.now(UTC))

    def _write(self) -> None:
        """The specification, as fast as the child reads it; then the end of file it waits for."""
        assert self.process.stdin
        with suppress(BlockingIOError):
            try:
                self.document = self.document[os.write(self.process.stdin.fileno(), self.document) :]
            except BrokenPipeError:  # it ended before it had read everything; its exit status tells the rest
                self.document = self.document[:0]
        if not self.document:
            self.selector.unregister(self.process.stdin.fileno())
            self.process.stdin.close()

    def _take(self, event: dict[str, Any]) -> None:
        if event["event"] == "started":
            event["isolation"] = self.isolation.sentence
        if event["event"] == "error" and self.exit.error is None:
            self.exit = replace(self.exit, error=event)
        if event["event"] == "closing":
            self.exit = replace(self.exit, closed=True)
        self.on_event(event)

    # --- ending

    def _signal_group(self, number: int) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, number)

    def kill(self) -> None:
        """The group, and everything that left it."""
        self._signal_group(signal.SIGKILL)
        leftovers.kill_all(f"{COOKIE}={self.cookie}", self.process.pid, self.others)

    def end(self) -> None:
        """Whatever happened: no process, no zombie, no open descriptor."""
        if self.process.returncode is None:
            self.kill()
            self.process.wait()
        leftovers.collect(self.others)
        self.selector.close()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream:
                stream.close()
        os.close(self.events)
        os.close(self.lifeline)
        self.room.clear()


def environment(cookie: str, events: int, watched: int) -> dict[str, str]:
    """What the child may know: nothing of the dashboard's own environment but where programs and libraries are."""
    passed_on = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return passed_on | {
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONBREAKPOINT": "0",
        COOKIE: cookie,
        "ALEMBIC_DASHBOARD_PARENT": str(os.getpid()),
        "ALEMBIC_DASHBOARD_EVENTS_FD": str(events),
        "ALEMBIC_DASHBOARD_WATCH_FD": str(watched),
    }
