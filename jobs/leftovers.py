"""Finds every process that a job left behind, whatever it did to get away: left the group, became a daemon, changed its environment."""

import ctypes
import os
import signal
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36  # prctl(2)
PATIENCE = 3.0


def adopt() -> None:
    """From now on orphans among our descendants become our children instead of init's. Where the system has no such thing, nothing."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def marked(mark: str) -> set[int]:
    """Living processes with this NAME=value in their environment."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):  # it ended while we looked, or is somebody else's
            if mark.encode() in path.read_bytes().split(b"\0"):
                found.add(int(path.parent.name))
    return found


def descendants(pid: int, *, besides: Collection[int] = (), dead: bool = False) -> set[int]:
    """Processes below a process, but nothing that is one of `besides` or below it; `dead` are those too that only wait to be collected."""
    children: dict[int, set[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, parent = path.read_text(errors="replace").rpartition(")")[2].split()[:2]
            if dead or state != "Z":
                children.setdefault(int(parent), set()).add(int(path.parent.name))
    found: set[int] = set()
    below = {pid}
    while below:
        below = {child for parent in below for child in children.get(parent, ())} - set(besides) - found
        found |= below
    return found


def kill_all(mark: str, child: int, spared: set[int]) -> None:
    """Kills what carries the mark and what is below us, but not the child itself, nor the spared and what is below them.

    Returns when all of them are gone; or after some seconds, should one hang within the kernel.
    """
    deadline = time.monotonic() + PATIENCE
    # What was forked while we looked is found the next time; and a process that was killed is gone only some time later.
    while found := (marked(mark) - spared | descendants(os.getpid(), besides=spared)) - {child}:
        for pid in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            return
        time.sleep(0.01)


def collect(spared: set[int]) -> None:
    """Takes the exit status of our dead children, so that none stays a zombie."""
    for pid in descendants(os.getpid(), besides=spared, dead=True):
        with suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
