"""Bytes that a project prints, as lines that are safe to keep and to show."""

import codecs
import re
from collections import deque
from collections.abc import Callable
from datetime import datetime

from jobs.redaction import Redactor
from jobs.redaction import Stream as RedactedStream

LINE_LIMIT = 8 * 1024
JOB_LIMIT = 10 * 1024 * 1024
TAIL_LIMIT = 256 * 1024

OnLine = Callable[[str, str, datetime], None]

# CSI, then strings ended by BEL or ST (OSC, DCS, APC, PM, SOS), then two-character sequences
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-OQ-WYZ\\`-~])|\x9b[0-?]*[ -/]*[@-~]")
UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)?$|\x9b[0-?]*[ -/]*$")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
LONGEST_ESCAPE = 4096


class Output:
    """Both streams of one job. Live up to the limit of a job; of what comes later, the end is kept."""

    def __init__(self, redactor: Redactor, on_line: OnLine) -> None:
        self.on_line = on_line
        self.streams = {name: Lines(redactor) for name in ("stdout", "stderr")}
        self.written = 0
        self.tail: deque[tuple[str, str, datetime]] = deque()
        self.tail_size = self.dropped_lines = self.dropped_bytes = 0

    def feed(self, stream: str, data: bytes, at: datetime) -> None:
        for text in self.streams[stream].feed(data):
            self._take(stream, text, at)

    def finish(self, at: datetime) -> None:
        """Unfinished lines, the gap and the kept end."""
        for stream, lines in self.streams.items():
            for text in lines.finish():
                self._take(stream, text, at)
        if self.dropped_lines:
            self.on_line("dashboard", f"[… {self.dropped_lines} lines, {self.dropped_bytes} bytes dropped]", at)
        while self.tail:
            self.on_line(*self.tail.popleft())

    def _take(self, stream: str, text: str, at: datetime) -> None:
        size = len(text.encode()) + 1
        if not self.tail and self.written + size <= JOB_LIMIT - TAIL_LIMIT:
            self.written += size
            self.on_line(stream, text, at)
            return
        self.tail.append((stream, text, at))
        self.tail_size += size
        while self.tail_size > TAIL_LIMIT:
            size = len(self.tail.popleft()[1].encode()) + 1
            self.tail_size -= size
            self.dropped_lines += 1
            self.dropped_bytes += size


class Lines:
    """One stream: decoded, without escapes and control characters, without secrets, cut into lines. In this order: a colour
    in the middle of a secret must not hide it, and a cut must not leave half of one."""

    def __init__(self, redactor: Redactor) -> None:
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.redacted = RedactedStream(redactor)
        self.escape = ""
        self.line = ""
        self.dropped = 0
        self.returned = False

    def feed(self, data: bytes) -> list[str]:
        return self._split(self.redacted.feed(self._plain(self.decoder.decode(data))))

    def finish(self) -> list[str]:
        rest = self.redacted.feed(CONTROL.sub("", self.escape + self.decoder.decode(b"", final=True)))
        lines = self._split(rest + self.redacted.finish())
        return [*lines, self._ended()] if self.line or self.dropped else lines

    def _plain(self, piece: str) -> str:
        text = ESCAPE.sub("", self.escape + piece)
        unfinished = UNFINISHED.search(text)
        self.escape = unfinished[0] if unfinished and len(unfinished[0]) <= LONGEST_ESCAPE else ""
        return CONTROL.sub("", text[: len(text) - len(self.escape)])

    def _split(self, text: str) -> list[str]:
        lines = []
        for piece in re.split("(\n|\r)", text):
            if piece == "\n":
                lines.append(self._ended())
            elif piece == "\r":
                self.returned = True
            elif piece:
                self._append(piece)
        return lines

    def _append(self, piece: str) -> None:
        """A carriage return that is not followed by a line feed writes over the line, as a progress bar does."""
        if self.returned:
            self.line, self.dropped, self.returned = "", 0, False
        room = LINE_LIMIT - len(self.line)
        self.line += piece[:room]
        self.dropped += len(piece[room:].encode()) if len(piece) > room else 0

    def _ended(self) -> str:
        line = self.line + (f" [… {self.dropped} bytes dropped]" if self.dropped else "")
        self.line, self.dropped, self.returned = "", 0, False
        return line
