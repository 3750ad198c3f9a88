"""From the bytes a process prints to lines that are safe to keep and to show."""

import re
from collections.abc import Iterator

from jobs.redaction import Redactor

LINE_BYTES = 8 * 1024
ESCAPES = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?"  # titles and links
    rb"|\x1b[PX^_][^\x1b]*(?:\x1b\\)?"
    rb"|\x1b\[[0-?]*[ -/]*[@-~]"  # colours and movements
    rb"|\x1b[ -/]*[0-~]"
)
CONTROLS = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")


class Lines:
    """Cuts one stream into lines. Secrets are masked before anything is cut off, also where two reads meet."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact
        self._rest = b""
        self._dropped = 0

    def feed(self, data: bytes) -> Iterator[str]:
        """The lines that are complete with this data."""
        parts = (self._rest + data).split(b"\n")
        self._rest = parts.pop()
        for part in parts:
            yield self._line(part)
        self._shorten()

    def end(self) -> Iterator[str]:
        """What stood last without a line end."""
        if self._rest or self._dropped:
            yield self._line(self._rest)
            self._rest = b""

    def _shorten(self) -> None:
        """A line without end must not fill the memory: its beginning is kept, and a margin that may hold half a secret."""
        keep = LINE_BYTES + 2 * self._redact.longest
        if len(self._rest) > 4 * keep:
            masked = self._redact(self._rest)
            margin = masked[-self._redact.longest :] if self._redact.longest else b""
            self._dropped += len(masked) - LINE_BYTES - len(margin)
            self._rest = masked[:LINE_BYTES] + margin

    def _line(self, raw: bytes) -> str:
        clean = CONTROLS.sub(b"", ESCAPES.sub(b"", self._redact(raw).rstrip(b"\r").rpartition(b"\r")[2]))
        dropped, self._dropped = self._dropped + max(0, len(clean) - LINE_BYTES), 0
        text = clean[:LINE_BYTES].decode("utf-8", "replace")
        return f"{text} [… {dropped} bytes dropped]" if dropped else text


class Budget:
    """Limits what a job's log may hold: the beginning in full, then only the newest lines, with a mark for what is missing."""

    def __init__(self, head: int = 10 * 1024 * 1024, tail: int = 256 * 1024) -> None:
        self._left, self._tail_size = head, tail
        self._tail: list[tuple[str, str]] = []
        self._tail_bytes = self.dropped = 0

    def admit(self, stream: str, text: str) -> bool:
        """Whether the line is to be kept now; else it waits among the newest, which `tail` gives at the end."""
        size = len(text) + 1
        if size <= self._left:
            self._left -= size
            return True
        self._left = 0
        self._tail.append((stream, text))
        self._tail_bytes += size
        while self._tail_bytes > self._tail_size:
            old = self._tail.pop(0)
            self._tail_bytes -= len(old[1]) + 1
            self.dropped += 1
        return False

    def tail(self) -> Iterator[tuple[str, str]]:
        if self.dropped:
            yield "dashboard", f"[… {self.dropped} lines dropped: the log is longer than it may be]"
        yield from self._tail
