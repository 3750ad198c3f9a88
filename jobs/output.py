"""Bytes that a project prints, as lines that are safe to keep and to show."""

import codecs
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from jobs.redaction import Redactor
from jobs.redaction import Stream as RedactedStream

LINE_LIMIT = 8 * 1024
LINE_COST = 50  # what a line takes up besides its text: ten million empty ones are no small log
JOB_LIMIT = 10 * 1024 * 1024
READ_LIMIT = 2 * JOB_LIMIT  # of bytes: what becomes no line, such as one of 100 MB, costs time all the same
TAIL_LIMIT = 256 * 1024
TAIL_CUT = 16 * 1024  # of a tail that begins in the middle of a line: what is left there could be the rest of a secret

STREAMS = ("stdout", "stderr")
OnLine = Callable[[str, str, datetime], None]

# CSI, then strings ended by BEL or ST (OSC, DCS, APC, PM, SOS), then two-character sequences
ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-OQ-WYZ\\`-~])|\x9b[0-?]*[ -/]*[@-~]")
UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]*\x1b?|[ -/]*)?$|\x9b[0-?]*[ -/]*$")
CONTROL = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(0x7F, 0xA0), *range(0x2028, 0x202F), *range(0x2066, 0x206A)])
LONGEST_ESCAPE = 4096


class Output:
    """Both streams of one job. Live up to the limit of a job. Of what comes later only the end is looked at, once there is one, so
    that a flood is read as fast as it can be written: a project that waits for us holds its locks meanwhile."""

    def __init__(self, redactor: Redactor, on_line: OnLine) -> None:
        self.redactor, self.on_line = redactor, on_line
        self.streams = {name: Lines(redactor) for name in STREAMS}
        self.read = self.written = 0
        self.tail: deque[tuple[str, bytes, datetime]] = deque()
        self.tail_size = self.dropped_lines = self.dropped_bytes = 0
        self.cut: dict[str, bool] = {}  # of each stream that lost something: whether in the middle of a line

    def feed(self, stream: str, data: bytes, at: datetime) -> None:
        self.read += len(data)
        if self.tail or self.written > JOB_LIMIT - TAIL_LIMIT or self.read > READ_LIMIT:
            self._keep(stream, data, at)
            return
        for text in self.streams[stream].feed(data):
            self._take(stream, text, at)

    def finish(self, at: datetime) -> None:
        """Unfinished lines, the gap and the kept end."""
        for stream in self.cut:
            self._emit(stream, self.streams[stream].break_off(), at)
            self.streams[stream] = Lines(self.redactor)
        kept = self._tail_lines(at)
        if self.dropped_bytes:
            self.on_line("dashboard", f"[… {self.dropped_lines} lines, {self.dropped_bytes} bytes dropped]", at)
        for line in kept:
            self.on_line(*line)

    def _tail_lines(self, at: datetime) -> Iterable[tuple[str, str, datetime]]:
        kept = deque(
            (stream, text, moment) for stream, data, moment in self._tail_from_a_line() for text in self.streams[stream].feed(data)
        )
        kept += [(stream, text, at) for stream, lines in self.streams.items() for text in lines.finish()]
        size = sum(len(text.encode()) + LINE_COST for _, text, _ in kept)
        while self.tail and size > TAIL_LIMIT:
            dropped = len(kept.popleft()[1].encode()) + 1
            size -= dropped - 1 + LINE_COST
            self.dropped_lines += 1
            self.dropped_bytes += dropped
        return kept

    def _emit(self, stream: str, lines: list[str], at: datetime) -> None:
        for text in lines:
            self.on_line(stream, text, at)

    def _take(self, stream: str, text: str, at: datetime) -> None:
        self.written += len(text.encode()) + LINE_COST
        self.on_line(stream, text, at)

    def _keep(self, stream: str, data: bytes, at: datetime) -> None:
        self.tail.append((stream, data, at))
        self.tail_size += len(data)
        while self.tail_size - len(self.tail[0][1]) >= TAIL_LIMIT:
            name, oldest, _ = self.tail.popleft()
            self.tail_size -= len(oldest)
            self.dropped_lines += oldest.count(b"\n")
            self.dropped_bytes += len(oldest)
            self.cut[name] = not oldest.endswith(b"\n")

    def _tail_from_a_line(self) -> Iterator[tuple[str, bytes, datetime]]:
        """The tail without the rest of a line whose beginning is gone."""
        left = {stream: TAIL_CUT for stream, is_inside in self.cut.items() if is_inside}
        for stream, data, at in self.tail:
            if left.get(stream):
                end = data.find(b"\n", 0, left[stream]) + 1 or min(left[stream], len(data))
                left[stream] = 0 if data[end - 1 : end] == b"\n" else left[stream] - end
                data = data[end:]
            yield stream, data, at


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
        rest = self.redacted.feed((self.escape + self.decoder.decode(b"", final=True)).translate(CONTROL))
        lines = self._split(rest + self.redacted.finish())
        return [*lines, self._ended()] if self.line or self.dropped else lines

    def break_off(self) -> list[str]:
        """The unfinished line where the stream was cut: without what is held back, which may be the first half of a secret."""
        return [self._ended()] if self.line or self.dropped else []

    def _plain(self, piece: str) -> str:
        text = self.escape + piece
        self.escape = ""
        if "\x1b" in text or "\x9b" in text:
            text = ESCAPE.sub("", text)
            unfinished = UNFINISHED.search(text, max(0, len(text) - LONGEST_ESCAPE))
            self.escape = unfinished[0] if unfinished else ""
        return text[: len(text) - len(self.escape)].translate(CONTROL)

    def _split(self, text: str) -> list[str]:
        *whole, rest = text.split("\n")
        lines = []
        for piece in whole:
            self._append(piece)
            lines.append(self._ended())
        self._append(rest)
        return lines

    def _append(self, piece: str) -> None:
        """A carriage return that is not followed by a line feed writes over the line, as a progress bar does."""
        if "\r" in piece:
            shown = piece.rstrip("\r")
            over = shown.rfind("\r") + 1
            if over:
                self.returned = True
            self._write(shown[over:])
            self.returned = self.returned or len(shown) < len(piece)
        else:
            self._write(piece)

    def _write(self, piece: str) -> None:
        if not piece:
            return
        if self.returned:
            self.line, self.dropped, self.returned = "", 0, False
        room = LINE_LIMIT - len(self.line)
        self.line += piece[:room]
        self.dropped += len(piece[room:].encode()) if len(piece) > room else 0

    def _ended(self) -> str:
        line = self.line + (f" [… {self.dropped} bytes dropped]" if self.dropped else "")
        self.line, self.dropped, self.returned = "", 0, False
        return line
