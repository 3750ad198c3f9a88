"""Keeps other processes of our own user out of this one, whose environment and memory hold keys."""

import ctypes
import sys
from contextlib import suppress

PR_SET_DUMPABLE = 4  # prctl(2)


def conceal() -> None:
    """From now on nobody but root may read this process's environment and memory in /proc, or trace it; nor does it leave a core.

    Its forks inherit that; a program that it starts does not.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
