"""The one word for a database on the pipeline: a job under way or a failed one comes before what its version table says."""

from datetime import datetime
from typing import Any, Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dashboard import database_view
from environments import windows
from environments.models import Database, DatabaseState, Environment
from jobs import gates
from jobs.models import HOLDING, Job, JobStatus, OutcomeState

# Tone, icon and word, the worst first; a cell shows the worst of its databases.
LOOKS = {
    "partial": ("fail", "half", gettext_noop("Partial")),
    "failed": ("fail", "x", gettext_noop("Failed")),
    "unknown_outcome": ("warn", "q", gettext_noop("Unknown outcome")),
    "blocked": ("warn", "pause", gettext_noop("Blocked")),
    "unreachable": ("warn", "unplug", gettext_noop("Unreachable")),
    "unknown_revision": ("fail", "q", gettext_noop("Unknown revision")),
    "overlapping": ("warn", "copy", gettext_noop("Overlapping")),
    "ahead": ("warn", "up2", gettext_noop("Ahead")),
    "drift": ("warn", "drift", gettext_noop("Drift")),
    "running": ("run", "ring", gettext_noop("Running")),
    "awaiting_approval": ("idle", "diamond", gettext_noop("Awaiting approval")),
    "scheduled": ("idle", "clock", gettext_noop("Scheduled")),
    "unchecked": ("idle", "q", gettext_noop("Not checked")),
    "frozen": ("idle", "lock", gettext_noop("Frozen")),
    "uninitialised": ("idle", "dashring", gettext_noop("Not initialised")),
    "pending": ("idle", "up", gettext_noop("Pending")),
    "up_to_date": ("ok", "check", gettext_noop("Up to date")),
}
ORDER = list(LOOKS)
OURS = {"partial", "failed", "unknown_outcome", "blocked", "running", "awaiting_approval", "scheduled", "frozen", "drift"}
BEHIND = (DatabaseState.PENDING, DatabaseState.UNINITIALISED)


class Standing(Protocol):
    """A database, or as much of it as its state takes."""

    @property
    def state(self) -> str: ...
    @property
    def differences(self) -> int: ...
    @property
    def environment_id(self) -> int: ...


def state_of(database: Standing, job: Job | None, trouble: Job | None, frozen: set[Any], at: datetime) -> str:
    """`job` is its active one, `trouble` the one of which a part has stayed, or its last one if that failed. `frozen` holds the ids of the
    environments in which nothing runs."""
    if job is not None and job.status in HOLDING:
        return _held(job)
    if job is not None and job.status == JobStatus.AWAITING_APPROVAL:
        return "awaiting_approval"
    if job is not None and waits_for_its_time(job, at):
        return "scheduled"
    if trouble is not None and trouble.database_state == OutcomeState.PARTIAL:
        return "partial"
    if trouble is not None and database.state in BEHIND:
        return "failed"
    if database.state == DatabaseState.UP_TO_DATE and database.differences:
        return "drift"
    return "frozen" if database.state in BEHIND and database.environment_id in frozen else database.state


def _held(job: Job) -> str:
    if job.status == JobStatus.UNKNOWN:
        return "unknown_outcome"
    return "blocked" if job.blocked_by else "running"


def waits_for_its_time(job: Job, at: datetime) -> bool:
    """Queued, and not for a worker: for a moment, a window or the end of a freeze."""
    later = job.not_before is not None and job.not_before > at
    held = (job.held or {}).get("gate") in (gates.WINDOW, gates.FREEZE, gates.SCHEDULE)
    return job.status == JobStatus.QUEUED and (later or held)


def look(database: Database, state: str) -> tuple[str, str, str]:
    if state not in OURS:
        return database_view.look(database)
    tone, icon, word = LOOKS[state]
    return tone, icon, _(word)


def frozen(stages: list[Environment], at: datetime) -> dict[Any, str]:
    """The sentence of each environment that is frozen, by its id."""
    return {stage.pk: sentence for stage in stages if (sentence := windows.frozen(stage, at))}
