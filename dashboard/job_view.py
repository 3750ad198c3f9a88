"""A job as its page shows it: phases, steps with bars, and the log in groups."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from jobs.models import Command, Job, JobStatus, OutcomeState, Step, StepStatus
from jobs.queries import LogItem, log_lines

PAGE_LINES = 1000
POLL_LINES = 500
SCAN_LINES = 100_000
ERROR_LINE = re.compile(r"\b(?:error|fatal|critical|traceback)\b|^\s*[\w.]*(?:Error|Exception)\b", re.IGNORECASE)
WARNING_LINE = re.compile(r"\bwarn(?:ing)?\b", re.IGNORECASE)
LEVEL_WORD = re.compile(r"^(?:DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b")
LEVELS = {"": "All", "warnings": "Warnings and errors", "errors": "Errors"}

STEP_LOOKS = {
    StepStatus.PENDING: ("idle", "dashring"),
    StepStatus.RUNNING: ("run", "ring"),
    StepStatus.SUCCEEDED: ("ok", "check"),
    StepStatus.FAILED: ("fail", "x"),
    StepStatus.SKIPPED: ("idle", "slash"),
}
STATUS_LOOKS = {
    JobStatus.AWAITING_APPROVAL: ("idle", "diamond"),
    JobStatus.QUEUED: ("idle", "dot"),
    JobStatus.RUNNING: ("run", "ring"),
    JobStatus.SUCCEEDED: ("ok", "check"),
    JobStatus.FAILED: ("fail", "x"),
    JobStatus.CANCELED: ("idle", "slash"),
    JobStatus.REJECTED: ("idle", "return"),
    JobStatus.UNKNOWN: ("warn", "q"),
}


@dataclass(frozen=True)
class Phase:
    """`state` is done, now or next."""

    name: str
    state: str
    tone: str
    icon: str
    note: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class StepRow:
    """`share` is the bar's length, in percent of the longest step."""

    step: Step
    tone: str
    icon: str
    seconds: float | None
    share: int


@dataclass(frozen=True)
class LogLine:
    seq: int
    at: datetime
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
    """A part of the log. `earlier` is where the window before it starts, None at the beginning; `open_end` when more will come."""

    groups: list[LogGroup]
    next_after: int
    earlier: int | None
    more: bool
    finished: bool


# --- status


def look(job: Job) -> tuple[str, str, str]:
    """Tone, icon and word of the job's badge."""
    if job.status == JobStatus.RUNNING and job.cancel_requested_at:
        return "run", "ringx", "Canceling"
    tone, icon = STATUS_LOOKS[JobStatus(job.status)]
    return tone, icon, "Unknown outcome" if job.status == JobStatus.UNKNOWN else job.get_status_display()


def poll_seconds(job: Job) -> int | None:
    """How often the header asks again; None once the job has ended."""
    if job.is_final:
        return None
    return 1 if job.status == JobStatus.RUNNING else 3


def elapsed(job: Job) -> float | None:
    """Seconds from start to end, or until now."""
    if job.started_at is None:
        return None
    return ((job.finished_at or datetime.now(UTC)) - job.started_at) / timedelta(seconds=1)


def database_sentence(job: Job) -> str:
    """What the database is now, in one sentence; empty while the job has not ended."""
    place = str(job.database)
    at = ", ".join(job.heads_after or []) or "base"
    sentences: dict[str, str] = {
        OutcomeState.AT_TARGET: f"{place} is at {at}, as planned.",
        OutcomeState.UNCHANGED: f"{place} is unchanged.",
        OutcomeState.PARTIAL: f"{place} stopped in between: it is at {at} now, neither where it started nor where it should be.",
        OutcomeState.UNKNOWN: f"What {place} is now is not known, because it could not be read.",
    }
    if job.command == Command.CHECK and job.database_state:
        return f"{place} is unchanged: a check only reads."
    return sentences.get(job.database_state, "")


# --- phases


def phases(job: Job, steps: list[Step]) -> list[Phase]:
    """Queued, preflight, work, verify. A job that ended early shows where."""
    done = sum(step.status == StepStatus.SUCCEEDED for step in steps)
    first = min((step.started_at for step in steps if step.started_at), default=None)
    working = first is not None
    work_over = bool(steps) and all(step.status not in (StepStatus.PENDING, StepStatus.RUNNING) for step in steps)
    marks = [job.started_at is not None, working or job.is_final, work_over or job.is_final, job.is_final]
    now = marks.index(False) if False in marks else None
    tone, icon, word = look(job)
    failed_in = _failed_in(job, working=working)
    notes = [_queue_note(job), "", _work_note(job, steps, done), "next"]
    spans = [_span(job.created_at, job.started_at), _span(job.started_at, first), None, None]
    found = []
    for place, name in enumerate(["Queued", "Preflight", _work_name(job), "Verify"]):
        if place == failed_in:
            found.append(Phase(name, "now", tone, icon, notes[place] or word.lower(), spans[place]))
        elif place == now:
            found.append(Phase(name, "now", tone, icon, notes[place] if place < 3 else "reading the database"))
        elif (now is not None and place > now) or (failed_in is not None and place > failed_in and place < 3):
            found.append(Phase(name, "next", "idle", "dashring", "next" if now is not None else "not reached"))
        else:
            found.append(_done(job, name, place, notes, spans))
    return found


def _done(job: Job, name: str, place: int, notes: list[str], spans: list[float | None]) -> Phase:
    if place < 3:
        return Phase(name, "done", "ok", "check", notes[place] if place == 2 else "", spans[place])
    if not job.database_state or job.database_state == OutcomeState.UNKNOWN:
        return Phase(name, "done", "warn", "q", "not read")
    return Phase(name, "done", "ok", "check", job.get_database_state_display().lower())


def _failed_in(job: Job, *, working: bool) -> int | None:
    """The place of the phase in which a job stopped that did not succeed."""
    if job.status not in (JobStatus.FAILED, JobStatus.CANCELED, JobStatus.REJECTED):
        return None
    if job.started_at is None:
        return 0
    return 2 if working or job.command in (Command.CHECK, Command.STAMP) else 1


def _work_name(job: Job) -> str:
    return {Command.STAMP: "Stamp", Command.CHECK: "Compare"}.get(Command(job.command), "Migrate")


def _work_note(job: Job, steps: list[Step], done: int) -> str:
    if not steps:
        return "nothing to do" if job.is_final and job.command != Command.CHECK else ""
    return f"{done} of {len(steps)} done"


def _queue_note(job: Job) -> str:
    if job.status == JobStatus.AWAITING_APPROVAL:
        return "waits for approval"
    return "waits for its turn" if job.status == JobStatus.QUEUED else ""


def _span(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start) / timedelta(seconds=1) if start and end else None


# --- steps


def step_rows(steps: list[Step]) -> list[StepRow]:
    """Steps with bars scaled to the longest."""
    seconds = [_step_seconds(step) for step in steps]
    longest = max((value for value in seconds if value), default=0.0)
    return [
        StepRow(step, *STEP_LOOKS[StepStatus(step.status)], value, max(1, round(100 * value / longest)) if value and longest else 0)
        for step, value in zip(steps, seconds, strict=True)
    ]


def _step_seconds(step: Step) -> float | None:
    if step.duration_ms is not None:
        return step.duration_ms / 1000
    if step.status == StepStatus.RUNNING and step.started_at:
        return (datetime.now(UTC) - step.started_at) / timedelta(seconds=1)
    return None


# --- log


def window(job: Job, *, after: int | None, level: str = "", find: str = "") -> LogWindow:
    """The page of the log that starts after `after`; without it the last page. With a filter, the first lines that match."""
    if level or find:
        start, page = after or 0, log_lines(job, after or 0, SCAN_LINES)
        items = [item for item in page.items if _matches(item, level, find)][-PAGE_LINES:]
    else:
        start = max(0, job.line_count - PAGE_LINES) if after is None else max(0, after)
        page = log_lines(job, start, PAGE_LINES)
        items = page.items
    earlier = max(0, start - PAGE_LINES) if start else None
    return LogWindow(_groups(items), page.next_after, earlier, page.next_after < job.line_count, page.finished)


def tail(job: Job, *, after: int, level: str = "", find: str = "") -> LogWindow:
    """What came since: the answer to a poll."""
    page = log_lines(job, after, POLL_LINES)
    items = [item for item in page.items if _matches(item, level, find)]
    return LogWindow(_groups(items), page.next_after, None, page.next_after < job.line_count, page.finished)


def _matches(item: LogItem, level: str, find: str) -> bool:
    tone = _tone(item[2], item[3])
    wanted = {"errors": ("e",), "warnings": ("w", "e")}.get(level, ("", "w", "e"))
    return tone in wanted and find.lower() in item[3].lower()


def _groups(items: list[LogItem]) -> list[LogGroup]:
    """A line of the stream `step` opens a group; it is the heading, and keeps its number as an anchor."""
    found = [LogGroup()]
    for item, line in zip(items, _lines(items), strict=True):
        if item[2] == "step":
            title, _, revision = item[3].partition(": ")
            found.append(LogGroup(title, revision, item[0]))
        else:
            found[-1].lines.append(line)
    return [group for group in found if group.lines or group.title]


def _lines(items: list[LogItem]) -> Iterable[LogLine]:
    moments = [datetime.fromisoformat(item[1]) for item in items]
    deltas = [timedelta(0)][: len(moments)] + [later - earlier for earlier, later in pairwise(moments)]
    for (seq, _, stream, text), at, delta in zip(items, moments, deltas, strict=True):
        tone = _tone(stream, text)
        yield LogLine(seq, at, f"+{delta / timedelta(seconds=1):.1f}", _label(stream, text, tone), tone, text)


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
    return {"sql": "SQL", "dashboard": "–", "step": "STEP", "stdout": "OUT", "stderr": "LOG"}.get(stream, stream.upper()[:5])
