"""A small supervisor: starts processes, starts them again when they die, and leaves none behind."""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from config.embedded import CannotStart, Server, die_with_parent

STOP_MARGIN = 25.0  # for what a canceled job still has to do
KILL_TIMEOUT = 5.0
FIRST_DELAY, LONGEST_DELAY, STABLE_AFTER = 0.5, 30.0, 60.0
PR_SET_CHILD_SUBREAPER = 36
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


def say(sentence: str) -> None:
    """For whoever watches the terminal; standard output is kept for what programs read."""
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201


@dataclass
class Child:
    """A process that should always run."""

    name: str
    command: list[str]
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    delay: float = field(default=FIRST_DELAY)

    def start(self) -> None:
        # A session of its own: Ctrl-C in a terminal reaches the supervisor alone, which then stops things in order.
        self.process = subprocess.Popen(
            self.command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 - one system call, no locks
        )
        self.started_at, self.start_again_at = time.monotonic(), 0.0

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def tend(self) -> None:
        """Starts the process again once it has died, later each time unless it had run for a while."""
        if self.is_running():
            return
        now = time.monotonic()
        if not self.start_again_at:
            self.delay = FIRST_DELAY if now - self.started_at > STABLE_AFTER else min(self.delay * 2, LONGEST_DELAY)
            self.start_again_at = now + self.delay
            code = self.process.returncode if self.process else None
            say(f"{self.name} ended with {code}; it starts again in {self.delay:.0f} s.")
        elif now >= self.start_again_at:
            self.start()

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()


class Supervisor:
    """Runs servers and children until a signal asks it to stop; leaving its `with` block ends every process below this one.

    `stages` are groups of children in the order in which they are stopped: each is asked to end once the one before it has.
    Servers (databases) go last, and come back first when they die.
    """

    def __init__(self) -> None:
        self.servers: list[Server] = []
        self.stages: list[list[Child]] = []
        self.serving = self.stopping = False
        self.grace = 60.0  # what running jobs get when all is stopped
        self.mend_at: dict[str, float] = {}
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)

    @property
    def children(self) -> list[Child]:
        return [child for stage in self.stages for child in stage]

    def __enter__(self) -> Self:
        """From here on signals are ours: before `run` they end the program, through `__exit__`; within it they end `run`."""
        self.reader, self.writer = os.pipe()
        os.set_blocking(self.writer, False)
        os.set_blocking(self.reader, False)
        for number in SIGNALS:
            signal.signal(number, self.note)
        signal.set_wakeup_fd(self.writer, warn_on_full_buffer=False)
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping = self.serving = True
        self.stop()

    def note(self, number: int, _frame: object) -> None:
        if number == signal.SIGCHLD:
            return
        self.stopping = True
        if not self.serving:
            sys.exit(0)

    def wait(self, seconds: float) -> None:
        """Sleeps until a signal comes or the time is over."""
        if select.select([self.reader], [], [], seconds)[0]:
            os.read(self.reader, 4096)

    def run(self, is_ready: Callable[[], bool], announce: Callable[[], None]) -> None:
        """Serves until a signal; `announce` is called once, when `is_ready` first answers True."""
        self.serving, announced = True, False
        for child in self.children:
            child.start()
        while not self.stopping:
            self.tend()
            if not announced and is_ready():
                announce()
                announced = True
            self.wait(1.0 if announced else 0.1)

    def tend(self) -> None:
        for server in self.servers:
            if not server.is_running() and time.monotonic() >= self.mend_at.get(server.name, 0.0):
                self.mend(server)
        for child in self.children:
            child.tend()
        self.reap_strangers()

    def mend(self, server: Server) -> None:
        """Starts a server again that ended. Where that fails, all else goes on: jobs run, and pages say what is missing."""
        say(f"{server.name} ended; it starts again.")
        try:
            server.start()
        except (CannotStart, OSError) as error:
            say(f"{error} It is tried again in {LONGEST_DELAY:.0f} s.")
            self.mend_at[server.name] = time.monotonic() + LONGEST_DELAY

    def reap_strangers(self) -> None:
        """Collects what dead children have left to us (we are the subreaper); our own are left to their Popen."""
        known = {child.process.pid for child in self.children if child.process}
        known |= {server.process.pid for server in self.servers if server.process}
        with suppress(ChildProcessError):
            while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid not in known:
                os.waitpid(ended.si_pid, os.WNOHANG)

    def stop(self) -> None:
        """Ends everything: stage by stage, then the servers, then whatever is still there by force."""
        began = time.monotonic()
        deadline = began + self.grace + STOP_MARGIN
        told = False
        for stage in self.stages:
            for child in stage:
                child.ask_to_stop()
            while any(child.is_running() for child in stage) and time.monotonic() < deadline:
                if not told and time.monotonic() - began > 5:
                    say(f"Waiting for running jobs; {self.grace:.0f} s after the stop they are canceled.")
                    told = True
                self.wait(0.1)
        if any(child.is_running() for child in self.children):
            end_descendants(spare={server.process.pid for server in self.servers if server.process})
        for server in reversed(self.servers):
            server.stop()
        end_descendants()


def children_of(parent: int) -> set[int]:
    """The ids of a process's children, zombies included."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it ended while we looked
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
            if int(fields[1]) == parent:
                found.add(int(path.parent.name))
    return found


def end_descendants(spare: Collection[int] = ()) -> None:
    """Kills every process below this one until none is left; orphans come up to us, the subreaper, and are collected.

    Those in `spare`, and what is below them, live on.
    """
    deadline = time.monotonic() + KILL_TIMEOUT
    while (below := children_of(os.getpid()) - set(spare)) and time.monotonic() < deadline:
        for pid in below:
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.02)
