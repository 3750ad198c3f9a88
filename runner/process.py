"""The runner as a process: it never outlives whoever started it, and nothing it leaves behind can hold its end up."""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import signal
import sys
import threading

LEASE = 20.0  # less than the 30 s after which a silent worker counts as dead and its job is judged
PARENT, WATCH = "ALEMBIC_DASHBOARD_PARENT", "ALEMBIC_DASHBOARD_WATCH_FD"
PR_SET_PDEATHSIG, PR_SET_DUMPABLE = 1, 4


def die_with_parent() -> None:
    """Two nets: the kernel's signal at the parent's death, and a thread that sees the parent's pipe close, or fall silent."""
    parent, watched = os.environ.pop(PARENT, ""), os.environ.pop(WATCH, "")
    if parent:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):  # it died before the request reached the kernel
            os._exit(77)
    if watched:
        os.set_inheritable(int(watched), False)
        threading.Thread(target=_watch, args=(int(watched),), daemon=True, name="alembic-dashboard-watchdog").start()


def conceal() -> None:
    """Another job's code may run as the same user: it shall not read this job's password from our memory, nor trace us."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0)


def _watch(descriptor: int) -> None:
    """A parent that is stopped, or cannot say that it lives, is given up for dead; then nothing may change the database any more."""
    while select.select([descriptor], [], [], LEASE)[0] and os.read(descriptor, 4096):
        pass
    os.killpg(os.getpgid(0), signal.SIGKILL)


def close_standard_input() -> None:
    """A project that asks questions gets an end of file at once, not a wait without end."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)


def leave(status: int) -> None:
    """Ends at once. Not sys.exit: threads and exit handlers of the project could hang, or start something that outlives the job."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # the project replaced or closed it
            stream.flush()
    os._exit(status)
