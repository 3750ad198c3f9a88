"""A job's log as its page shows it: windows of lines in groups, one for each step."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jobs.models import Job
from jobs.queries import LogItem, log_lines

PAGE_LINES, MORE_LINES = 120, 500  # a page stays light; those before and after come at a click, in place
MATCHES = 1000
POLL_LINES = 500
SCAN_LINES = 100_000
# Neither the code that a traceback quotes nor what SQLAlchemy adds to a message is an error of its own.
ERROR_LINE = re.compile(
    r"^(?! {4}|\(Background on this error)(?:.*\b(?i:error|fatal|critical|traceback)\b|\s*(?:\w+\.)*\w*(?:Error|Exception)(?=:|\s*$))"
)
WARNING_LINE = re.compile(r"\bwarn(?:ing)?\b", re.IGNORECASE)
LEVEL_WORD = re.compile(r"^(?:DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b")
LEVELS = {"": _("All"), "warnings": _("Warnings and errors"), "errors": _("Errors")}
CLOCKS = {"": _("Time"), "relative": _("Since the start"), "utc": "UTC"}
LABELS = {"sql": "SQL", "dashboard": "–", "step": "STEP", "stdout": "OUT", "stderr": "LOG", "backup": "BAK"}


@dataclass(frozen=True)
class LogLine:
    seq: int
    at: str
    clock: str
    delta: str
    label: str
    tone: str
    text: str


@dataclass
class LogGroup:
    """Lines under one heading; `title` is empty when they carry on the group of an earlier page."""

    title: str = ""
    revision: str = ""
    seq: int = 0
    lines: list[LogLine] = field(default_factory=list)


@dataclass(frozen=True)
class LogWindow:
    """A part of the log, after line `start`. `earlier` is where the window before it starts, None at the beginning."""

    groups: list[LogGroup]
    next_after: int
    earlier: int | None
    more: bool
    finished: bool
    start: int = 0

    @property
    def later(self) -> int:
        """Where the window after this one ends."""
        return self.next_after + MORE_LINES


@dataclass(frozen=True)
class Look:
    """How a reader wants the log: what the address says, so that a link shows the same. `time` is one of CLOCKS."""

    level: str = ""
    find: str = ""
    time: str = ""
    wrap: bool = True

    @classmethod
    def of(cls, query: QueryDict) -> "Look":
        level, time = query.get("level", ""), query.get("time", "")
        level, time = level if level in LEVELS else "", time if time in CLOCKS else ""
        return cls(level, query.get("find", "")[:200], time, query.get("wrap") != "off")


def window(job: Job, *, after: int | None, look: Look, until: int | None = None) -> LogWindow:
    """The page of the log that starts after `after` and ends with `until` at the latest; without both the last page. With a filter, the
    first lines that match."""
    if look.level or look.find:
        start, page = after or 0, log_lines(job, after or 0, SCAN_LINES)
        items = [item for item in page.items if _matches(item, look.level, look.find)][-MATCHES:]
    else:
        start = max(0, job.line_count - PAGE_LINES) if after is None else max(0, after)
        page = log_lines(job, start, min(MORE_LINES, max(1, until - start)) if until else PAGE_LINES)
        items = page.items
    earlier = max(0, start - MORE_LINES) if start else None
    groups = _groups(items, _clock(job, look.time))
    return LogWindow(groups, page.next_after, earlier, page.next_after < job.line_count, page.finished, start)


def tail(job: Job, *, after: int, look: Look) -> LogWindow:
    """What came since: the answer to a poll."""
    page = log_lines(job, after, POLL_LINES)
    items = [item for item in page.items if _matches(item, look.level, look.find)]
    return LogWindow(_groups(items, _clock(job, look.time)), page.next_after, None, page.next_after < job.line_count, page.finished)


def _matches(item: LogItem, level: str, find: str) -> bool:
    """The text is looked at first: telling what kind of line it is takes two expressions more, and most lines do not have it."""
    wanted = {"errors": ("e",), "warnings": ("w", "e")}.get(level)
    return find.lower() in item[3].lower() and (wanted is None or _tone(item[2], item[3]) in wanted)


def _clock(job: Job, mode: str) -> Callable[[datetime], str]:
    """How a line's moment is told: in the reader's zone, since the job's start, or in UTC."""
    began = job.started_at or job.created_at
    zone = UTC if mode == "utc" else timezone.get_current_timezone()
    if mode == "relative":
        return lambda at: f"{(at - began).total_seconds():.3f}"
    return lambda at: f"{at.astimezone(zone):%H:%M:%S}.{at.microsecond // 1000:03}"


def _groups(items: list[LogItem], clock: Callable[[datetime], str]) -> list[LogGroup]:
    """A line of the stream `step` opens a group; it is the heading, and keeps its number as an anchor."""
    found = [LogGroup()]
    for item, line in zip(items, _lines(items, clock), strict=True):
        if item[2] == "step":
            title, _, revision = item[3].partition(": ")
            found.append(LogGroup(title, revision, item[0]))
        else:
            found[-1].lines.append(line)
    return [group for group in found if group.lines or group.title]


def _lines(items: list[LogItem], clock: Callable[[datetime], str]) -> Iterable[LogLine]:
    moments = [datetime.fromisoformat(item[1]) for item in items]
    deltas = [timedelta(0)][: len(moments)] + [later - earlier for earlier, later in pairwise(moments)]
    for (seq, _at, stream, text), at, delta in zip(items, moments, deltas, strict=True):
        tone = _tone(stream, text)
        yield LogLine(seq, at.isoformat(), clock(at), f"+{delta / timedelta(seconds=1):.1f}", _label(stream, text, tone), tone, text)


def _tone(stream: str, text: str) -> str:
    """e for what looks like an error, w for a warning; statements and our own headings are neither."""
    if stream in ("sql", "step"):
        return ""
    head = text[:400]
    if ERROR_LINE.search(head):
        return "e"
    return "w" if WARNING_LINE.search(head) else ""


def _label(stream: str, text: str, tone: str) -> str:
    if tone:
        return {"e": "ERROR", "w": "WARN"}[tone]
    if found := LEVEL_WORD.match(text):
        return found.group()
    return LABELS.get(stream, stream.upper()[:5])
