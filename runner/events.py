"""Events for the supervisor: one JSON object a line, on a descriptor of its own that the project's code never sees."""

import json
import os
import threading
import time

_lock = threading.Lock()
_descriptor = None


def open_channel(descriptor):
    """Events go there from now on; children of this process do not inherit it. None writes them to standard error."""
    global _descriptor
    _descriptor = descriptor
    if descriptor is not None:
        os.set_inheritable(descriptor, False)


def emit(event, **facts):
    """Writes one event; a supervisor that is gone is no reason to fail in the middle of a migration."""
    line = json.dumps({"event": event, "t": time.time(), **facts}, default=str) + "\n"
    data = line.encode("utf-8", "backslashreplace")
    with _lock:
        try:
            while data:
                data = data[os.write(2 if _descriptor is None else _descriptor, data) :]
        except OSError:
            pass
