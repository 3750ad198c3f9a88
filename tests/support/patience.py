"""Waiting on a machine that may be busy."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
FACTOR = 4  # how much longer than on a quiet machine anything may take before a wait is given up


def eventually(question: Callable[[], T | None], timeout: float, what: str, every: float = 0.05) -> T:
    """Asks until the answer is true, and returns it; `timeout` is in seconds of a quiet machine."""
    deadline = time.monotonic() + timeout * FACTOR
    while not (answer := question()):
        assert time.monotonic() < deadline, f"waited {timeout * FACTOR:g} s in vain until {what}"
        time.sleep(every)
    return answer


def command_line(pid: int) -> bytes:
    """Empty for a process that has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def is_gone(pid: int) -> bool:
    """Whether there is no such process, or nothing of it but what its parent has not collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
