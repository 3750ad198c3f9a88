"""A job as its page shows it: its state, its phases, and its steps with bars."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, pgettext

from config.retelling import told
from dashboard.wait_view import Lock, lock_of
from jobs.models import Command, Job, JobStatus, OutcomeState, Step, StepStatus
from jobs.queries import step_durations

STEP_LOOKS = {
    StepStatus.PENDING: ("idle", "dashring"),
    StepStatus.RUNNING: ("run", "ring"),
    StepStatus.SUCCEEDED: ("ok", "check"),
    StepStatus.FAILED: ("fail", "x"),
    StepStatus.SKIPPED: ("idle", "slash"),
}
DETAILS = {
    "message": gettext_noop("Message"),
    "hint": gettext_noop("Hint"),
    "type": gettext_noop("Error class"),
    "file": gettext_noop("File"),
    "line": gettext_noop("Line"),
    "statement": gettext_noop("Statement"),
    "pgcode": "SQLSTATE",
    "errno": gettext_noop("Number"),
    "exit_status": gettext_noop("Exit status"),
    "signal": gettext_noop("Signal"),
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
    """`share` is the bar's length, in percent of the longest step; `before` where and in how many seconds it last succeeded elsewhere."""

    step: Step
    tone: str
    icon: str
    seconds: float | None
    share: int
    before: tuple[str, float] | None = None
    mark: int = 0


# --- status


def look(job: Job) -> tuple[str, str, str]:
    """Tone, icon and word of the job's badge."""
    if job.status == JobStatus.RUNNING and job.cancel_requested_at:
        return "run", "ringx", _("Canceling")
    if job.status == JobStatus.RUNNING and job.blocked_by:
        return "warn", "pause", _("Blocked")
    tone, icon = STATUS_LOOKS[JobStatus(job.status)]
    return tone, icon, _("Unknown outcome") if job.status == JobStatus.UNKNOWN else told(job.get_status_display())


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
    """What the database is now, in one sentence; empty while the job has not ended. What a cancel did is jobs.aftermath's."""
    names = {"place": str(job.database), "at": ", ".join(job.heads_after or []) or "base"}
    sentences: dict[str, str] = {
        OutcomeState.AT_TARGET: _("%(place)s is at %(at)s, as planned."),
        OutcomeState.UNCHANGED: _("%(place)s is unchanged."),
        OutcomeState.PARTIAL: _partial_sentence(job),
        OutcomeState.UNKNOWN: _("What %(place)s is now is not known, because it could not be read."),
    }
    if job.is_final and job.database_state == OutcomeState.UNKNOWN:
        return _("What this job left in %(place)s is not known, because another database answers there now.") % names
    if job.command == Command.CHECK and job.database_state:
        return _("%(place)s is unchanged: a check only reads.") % names
    return sentences.get(job.database_state, "") % names


def _partial_sentence(job: Job) -> str:
    if sorted(job.heads_after or []) == sorted(job.plan.from_heads):
        return _("%(place)s says %(at)s, as before, but its schema is another: something of the job has stayed.")
    return _("%(place)s stopped in between: it is at %(at)s now, neither where it started nor where it should be.")


def held(job: Job) -> Lock | None:
    """Who was in the way when the job gave up waiting."""
    detail = (job.error or {}).get("detail") or {}
    blocked = detail.get("blocked_by")
    return lock_of(blocked, datetime.fromisoformat(blocked["seen_at"])) if blocked else None


def facts(job: Job) -> list[tuple[str, str]]:
    """The details of an error, each under a word that people use."""
    detail = (job.error or {}).get("detail") or {}
    return [(_(word), str(detail[name])) for name, word in DETAILS.items() if detail.get(name) not in (None, "")]


def rerun_is_safe(job: Job) -> bool:
    """Whether the same plan, made anew, does what it would have done: not after a part of it has stayed."""
    return job.is_final and job.database_state in (OutcomeState.UNCHANGED, OutcomeState.AT_TARGET)


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
    notes = [_queue_note(job), "", _work_note(job, steps, done), _("next")]
    spans = [_span(job.created_at, job.started_at), _span(job.started_at, first), None, None]
    found = []
    for place, name in enumerate([_("Queued"), _("Preflight"), _work_name(job), _("Verify")]):
        if place == failed_in:
            found.append(Phase(name, "now", tone, icon, notes[place] or word.lower(), spans[place]))
        elif place == now:
            found.append(Phase(name, "now", tone, icon, notes[place] if place < 3 else _("reading the database")))
        elif (now is not None and place > now) or (failed_in is not None and place > failed_in and place < 3):
            found.append(Phase(name, "next", "idle", "dashring", _("next") if now is not None else _("not reached")))
        else:
            found.append(_done(job, name, place, notes, spans))
    return found


def _done(job: Job, name: str, place: int, notes: list[str], spans: list[float | None]) -> Phase:
    if place == 2 and job.status == JobStatus.UNKNOWN:
        return Phase(name, "done", "warn", "q", _("not known what stayed"))
    if place < 3:
        return Phase(name, "done", "ok", "check", notes[place] if place == 2 else "", spans[place])
    if not job.database_state or job.database_state == OutcomeState.UNKNOWN:
        return Phase(name, "done", "warn", "q", _("not read"))
    tone, icon = ("fail", "half") if job.database_state == OutcomeState.PARTIAL else ("ok", "check")
    return Phase(name, "done", tone, icon, told(job.get_database_state_display()).lower())


def _failed_in(job: Job, *, working: bool) -> int | None:
    """The place of the phase in which a job stopped that did not succeed."""
    if job.status not in (JobStatus.FAILED, JobStatus.CANCELED, JobStatus.REJECTED):
        return None
    if job.started_at is None:
        return 0
    return 2 if working or job.command in (Command.CHECK, Command.STAMP) else 1


def _work_name(job: Job) -> str:
    return {Command.STAMP: _("Stamp"), Command.CHECK: pgettext("phase", "Compare")}.get(Command(job.command), _("Migrate"))


def _work_note(job: Job, steps: list[Step], done: int) -> str:
    if not steps:
        return _("nothing to do") if job.is_final and job.command != Command.CHECK else ""
    blocked = job.status == JobStatus.RUNNING and job.blocked_by
    words = _("%(done)d of %(count)d done, blocked") if blocked else _("%(done)d of %(count)d done")
    return words % {"done": done, "count": len(steps)}


def _queue_note(job: Job) -> str:
    if job.status == JobStatus.AWAITING_APPROVAL:
        return _("waits for approval")
    return _("waits for its turn") if job.status == JobStatus.QUEUED else ""


def _span(start: datetime | None, end: datetime | None) -> float | None:
    return (end - start) / timedelta(seconds=1) if start and end else None


# --- steps


def step_rows(job: Job, steps: list[Step]) -> list[StepRow]:
    """Steps with bars scaled to the longest, and marks where the same step took its time on another database."""
    seconds = [_step_seconds(step) for step in steps]
    before = _elsewhere(job, steps)
    longest = max([value for value in seconds if value] + [taken for _, taken in before.values()], default=0.0)
    rows = []
    for step, value in zip(steps, seconds, strict=True):
        tone, icon = _step_look(job, step)
        known = before.get(step.revision)
        rows.append(StepRow(step, tone, icon, value, _share(value, longest), known, _share(known[1], longest) if known else 0))
    return rows


def _step_look(job: Job, step: Step) -> tuple[str, str]:
    """What a step has reported is not what has stayed, until the database was read."""
    if job.status == JobStatus.UNKNOWN and step.started_at:
        return "warn", "q"
    return ("warn", "pause") if step.status == StepStatus.RUNNING and job.blocked_by else STEP_LOOKS[StepStatus(step.status)]


def _elsewhere(job: Job, steps: list[Step]) -> dict[str, tuple[str, float]]:
    revisions = [step.revision for step in steps if step.direction == "upgrade"]
    return step_durations(job.database, revisions, direction="upgrade") if revisions else {}


def _share(seconds: float | None, longest: float) -> int:
    return min(100, max(1, round(100 * seconds / longest))) if seconds and longest else 0


def _step_seconds(step: Step) -> float | None:
    if step.duration_ms is not None:
        return step.duration_ms / 1000
    if step.status == StepStatus.RUNNING and step.started_at:
        return (datetime.now(UTC) - step.started_at) / timedelta(seconds=1)
    return None
