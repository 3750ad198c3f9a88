"""What happens, as JSON lines on a descriptor of its own: standard output and error belong to the project."""

from __future__ import annotations

import json
import os
import threading
import time

DESCRIPTOR = "ALEMBIC_DASHBOARD_EVENTS_FD"


class Events:
    """Writes whole lines, from any thread, but only in the process that made it: a fork of the project says nothing here."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.pid = os.getpid()
        self.lock = threading.Lock()

    @classmethod
    def from_environment(cls) -> Events:
        """Takes the descriptor named in the environment, out of reach of child processes; without one, standard error."""
        named = os.environ.pop(DESCRIPTOR, "")
        if not named:
            return cls(os.dup(2))  # started by hand, from a terminal
        os.set_inheritable(int(named), False)
        return cls(int(named))

    def emit(self, event: str, **facts: object) -> None:
        if os.getpid() != self.pid:
            return
        line = json.dumps({"event": event, "t": time.time(), **facts}, default=str) + "\n"
        data = memoryview(line.encode("utf-8", "backslashreplace"))
        with self.lock:
            while data:
                data = data[os.write(self.descriptor, data) :]
