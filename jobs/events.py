"""What the runner reports, as JSON lines; the project's code can write there too, so that nothing in it is taken on trust."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from jobs.output import CONTROL
from jobs.redaction import Redactor

Event = dict[str, Any]
LIMIT = 64 * 1024 * 1024  # of one event; of all together, after which only what lasts is taken
TEXT_LIMIT = 20_000  # of a statement, and of what an error says
# What an event must have for those who read it.
SHAPES: dict[str, dict[str, type | tuple[type, ...]]] = {
    "step_started": {"position": int, "revision": str},
    "step_finished": {"position": int, "revision": str, "duration_ms": (int, float)},
    "locked": {"waited_ms": (int, float)},
    "context": {"heads": list},
    "sql": {"text": str},
    "changes": {"changes": list, "operations": list, "facts": dict},
    "preview": {"steps": list},
    "proposal": {"files": list, "facts": dict},
}
LASTING = {"step_started", "step_finished", "changes", "preview", "proposal", "error", "closing"}


class Events:
    """Bytes in, events out: whole ones, of the right shape, without secrets and without characters that no store keeps."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self.partial = bytearray()
        self.read = 0

    def feed(self, data: bytes) -> Iterator[Event]:
        self.read += len(data)
        self.partial += data
        if b"\n" not in data:
            if len(self.partial) > LIMIT:
                self.partial.clear()
            return
        *lines, rest = bytes(self.partial).split(b"\n")
        self.partial = bytearray(rest)
        for line in lines:
            with suppress(ValueError, RecursionError):
                event = self.redactor.clean(plain(json.loads(line)))
                if self._is_one(event):
                    yield _cut(event)

    def _is_one(self, event: Any) -> bool:
        name = event.get("event") if isinstance(event, dict) else None
        if not isinstance(name, str) or (self.read > LIMIT and name not in LASTING):
            return False
        return all(isinstance(event.get(field), kind) for field, kind in SHAPES.get(name, {}).items())


def plain(value: Any) -> Any:
    """A JSON value whose texts can be kept and shown: no control characters, and nothing that is no character at all."""
    if isinstance(value, str):
        return value.translate(CONTROL).encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    return value


def _cut(event: Event) -> Event:
    return {name: _short(value) for name, value in event.items()} if event["event"] in ("sql", "error") else event


def _short(value: Any) -> Any:
    return f"{value[:TEXT_LIMIT]} […]" if isinstance(value, str) and len(value) > TEXT_LIMIT else value
