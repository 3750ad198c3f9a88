"""This process: it dies with its supervisor, reads nothing from a terminal, and dumps no core with secrets in it."""

import ctypes
import os
import resource
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1


def guard(parent):
    """Ends this process when the supervisor ends, by the kernel's word and by a watch on the parent's id."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if parent and os.getppid() != parent:  # it died before the call above
        os._exit(75)


def watch(descriptor):
    """Kills the process group when the other end of the supervisor's pipe closes, whatever became of this process's parent."""

    def wait_for_the_end():
        try:
            while os.read(descriptor, 1):
                pass
        except OSError:
            pass
        os.killpg(0, signal.SIGKILL)

    os.set_inheritable(descriptor, False)
    threading.Thread(target=wait_for_the_end, name="watch", daemon=True).start()


def close_stdin():
    """Whoever asks a question gets an end of file at once instead of an eternal wait."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    sys.stdin = open(0, closefd=False)


def leave(status):
    """Ends at once, output written: a project's threads and exit handlers must not keep a finished run waiting."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(status)
