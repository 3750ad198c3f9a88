"""Who holds the lock on a SQLite file, as far as the system tells: asking SQLite itself would take the lock for a moment."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from environments.blockade import OUR_LOCK, SESSIONS, Blockade, Holder, Waiter

LOCKS = Path("/proc/locks")
# Bytes of the file that SQLite locks (os_unix.c): pending, reserved, and 510 for those who read; of the -shm file: write is 120.
PENDING = 0x40000000
WAL_WRITE = 120


def find(path: Path, waiter: Waiter) -> Blockade | None:
    """The processes that are in the way of ours. None where nothing is, or the system does not tell."""
    own = waiter.processes
    if waiter.for_our_lock:
        return _blockade(OUR_LOCK, [pid for pid, *_ in _held(path, "FLOCK") if pid not in own], ours=True)
    held = list(_held(path)) + list(_held(path.with_name(f"{path.name}-shm")))
    waits_for_readers = any(pid in own and kind == "WRITE" and start <= PENDING <= end for pid, kind, start, end in held)
    in_the_way = [pid for pid, kind, start, end in held if pid not in own and (_writes(kind, start, end) or waits_for_readers)]
    return _blockade("the lock on the file", in_the_way)


def _blockade(wants: str, pids: list[int], *, ours: bool = False) -> Blockade | None:
    holders = [Holder(pid=pid if pid > 0 else None, application=_program(pid)) for pid in dict.fromkeys(pids)]
    return Blockade(wants, holders[:SESSIONS], ours=ours, noun="process") if holders else None


def _writes(kind: str, start: int, end: int) -> bool:
    return kind == "WRITE" and (end >= PENDING or start <= WAL_WRITE <= end)


def _held(path: Path, *kinds: str) -> Iterator[tuple[int, str, int, int]]:
    """(pid, READ or WRITE, first byte, last byte) of each lock on the file."""
    with suppress(OSError):
        inode = str(path.stat().st_ino)
        for line in LOCKS.read_text().splitlines():
            words = line.split()
            if len(words) == 8 and words[1] in (kinds or ("POSIX", "OFDLCK")) and words[5].rpartition(":")[2] == inode:
                last = (1 << 63) - 1 if words[7] == "EOF" else int(words[7])
                yield int(words[4]), words[3], int(words[6]), last


def _program(pid: int) -> str:
    """Its name alone: the arguments may hold secrets."""
    with suppress(OSError, ValueError):
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip() if pid > 0 and pid != os.getpid() else ""
    return ""
