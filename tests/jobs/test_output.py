"""From any bytes to lines that are safe to keep and to show."""

import re
import time
from datetime import UTC, datetime

import pytest

from jobs.output import JOB_LIMIT, LINE_COST, LINE_LIMIT, TAIL_LIMIT, Lines, Output
from jobs.redaction import Redactor
from tests.support import figures

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def lines(*pieces: bytes, secrets: tuple[str, ...] = ()) -> list[str]:
    stream = Lines(Redactor(secrets))
    return [line for piece in pieces for line in stream.feed(piece)] + stream.finish()


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"one\ntwo\n", ["one", "two"]),
        (b"no end", ["no end"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"10%\r20%\r100%\n", ["100%"]),
        (b"done\r\r\n", ["done"]),
        (b"\x1b[31mred\x1b[0m\n", ["red"]),
        (b"\x1b]0;title\x07text\x1b]8;;http://x\x1b\\link\n", ["textlink"]),
        (b"nul\x00bell\x07back\x08del\x7f\ttab\n", ["nulbellbackdel\ttab"]),
        (b"\xff\xfebroken\n", ["\ufffd\ufffdbroken"]),
        (b"\xe2\x80\xaeright to left\n", ["right to left"]),
        (b"\n\n", ["", ""]),
        (b"", []),
    ],
)
def test_lines_are_clean(data: bytes, wanted: list[str]) -> None:
    assert lines(data) == wanted
    assert lines(*(data[at : at + 1] for at in range(len(data)))) == wanted


def test_a_letter_may_come_in_two_reads() -> None:
    assert lines("ö".encode()[:1], "ö".encode()[1:] + b"\n") == ["ö"]


def test_a_colour_within_a_secret_does_not_hide_it() -> None:
    assert lines(b"x correct \x1b[1mhorse y\n", secrets=("correct horse",)) == ["x *** y"]


def test_a_long_line_is_cut_and_says_so() -> None:
    (line,) = lines(b"x" * 100_000, b"x" * 100_000 + b"\n")
    assert line == "x" * LINE_LIMIT + f" [… {200_000 - LINE_LIMIT} bytes dropped]"


def test_a_secret_on_the_edge_of_a_line_is_masked_before_the_cut() -> None:
    (line,) = lines(b"x" * (LINE_LIMIT - 5) + b"correct horse and more\n", secrets=("correct horse",))
    assert line.startswith("x" * (LINE_LIMIT - 5) + "*** ")


def test_an_escape_without_end_does_not_swallow_the_log() -> None:
    found = lines(b"\x1b]0;" + b"y" * 10_000 + b"\nlater\n")
    assert found[-1] == "later"


def test_a_flood_keeps_the_beginning_and_the_end() -> None:
    seen: list[tuple[str, str]] = []
    output = Output(Redactor([]), lambda stream, text, _at: seen.append((stream, text)))
    line = b"z" * 1023 + b"\n"
    for _ in range(2 * JOB_LIMIT // len(line)):
        output.feed("stdout", line, NOW)
    output.feed("stderr", b"the last\n", NOW)
    output.finish(NOW)
    marks = [text for _, text in seen if text.startswith("[…")]
    assert len(marks) == 1
    assert marks[0].endswith("bytes dropped]")
    assert seen[-1] == ("stderr", "the last")
    assert sum(len(text) + 1 for _, text in seen) <= JOB_LIMIT + 100
    assert sum(len(text) + 1 for _, text in seen[seen.index(("dashboard", marks[0])) :]) > TAIL_LIMIT * 0.9
    (lost,) = re.findall(r"(\d+) lines", marks[0])
    assert int(lost) + len(seen) - 2 == 2 * JOB_LIMIT // len(line)


@pytest.mark.parametrize("size", [777, 4096, 65536])
def test_a_tail_that_begins_within_a_secret_hides_the_rest_of_it(size: int) -> None:
    """Reads end anywhere, and what is kept may begin anywhere."""
    secret = "correct horse battery staple"
    seen: list[str] = []
    output = Output(Redactor([secret]), lambda _stream, text, _at: seen.append(text))
    flood = f"{secret}\n".encode() * (3 * JOB_LIMIT // len(secret))
    for at in range(0, len(flood), size):
        output.feed("stdout", flood[at : at + size], NOW)
    output.finish(NOW)
    assert set(seen) <= {"***", *(text for text in seen if text.startswith("[…"))}
    assert seen[-1] == "***"


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("long lines", b"x" * 1023 + b"\n"),
        ("one line without an end", b"x" * 1024),
        ("empty lines", b"\n"),
        ("NUL", b"\0" * 1024),
        ("no text", bytes(range(256))),
        ("escapes that never end", b"\x1b]0;y"),
        ("carriage returns", b"10%\r"),
        ("beginnings of a secret", b"correct hors"),
    ],
)
def test_a_flood_becomes_a_small_log(name: str, piece: bytes) -> None:
    """Of 64 MiB each: what comes out is bounded, whatever goes in, and so is what is held in between."""
    lines, size = 0, 0

    def count(_stream: str, text: str, _at: datetime) -> None:
        nonlocal lines, size
        lines, size = lines + 1, size + len(text)

    output = Output(Redactor(["correct horse"]), count)
    chunk = piece * (65536 // len(piece))
    start = time.monotonic()
    for _ in range(1024):
        output.feed("stdout", chunk, NOW)
    assert output.tail_size < TAIL_LIMIT + 2 * len(chunk)
    output.finish(NOW)
    figures.note(f"64 MiB of {name}: {lines} lines, {size} characters, {64 / (time.monotonic() - start):.0f} MiB/s")
    assert lines < JOB_LIMIT // LINE_COST + len(chunk)
    assert size <= JOB_LIMIT + 2 * TAIL_LIMIT
