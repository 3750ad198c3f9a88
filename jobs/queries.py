"""Reading jobs, plans and logs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from accounts.permissions import Action, reach
from config.errors import NotFound
from environments.models import Database
from environments.permissions import require_on
from jobs.models import ACTIVE, HOLDING, Command, Job, LogChunk, OutcomeState, Plan, Step, StepStatus

LogItem = list[Any]


@dataclass(frozen=True)
class LogPage:
    """Lines as [seq, at, stream, text]; `finished` when the job has ended and this page reaches its last line."""

    items: list[LogItem]
    next_after: int
    finished: bool


def jobs(user: User, *, database: Database | None = None, status: str = "") -> QuerySet[Job]:
    """Newest first, with what a list shows."""
    within = reach(user, Action.VIEW).q("database__project", "database__environment")
    found = Job.objects.filter(within).select_related("database__project", "database__environment", "plan__snapshot", "requested_by")
    found = found.prefetch_related("steps", "approvals__user")
    found = found.defer("plan__snapshot__graph", "plan__snapshot__manifest", "database__pending", "plan__preview")
    if database:
        found = found.filter(database=database)
    if status:
        found = found.filter(status=status)
    return found.order_by("-id")


def get_job(user: User, id: str | int, action: Action = Action.VIEW) -> Job:
    """NotFound for anything that is no job's number. Whoever wants more than look at it names the action, such as READ_LOGS."""
    found = jobs(user).filter(pk=number(id, "job")).first()
    if found is None:
        raise NotFound(f"There is no job {str(id)[:40]!r}.")
    require_on(user, action, found.database)
    return found


def get_plan(user: User, id: str | int) -> Plan:
    """NotFound for anything that is no plan's number."""
    within = reach(user, Action.VIEW).q("database__project", "database__environment")
    plans = Plan.objects.filter(within).select_related("database__project", "database__environment", "snapshot", "created_by")
    found = plans.defer("snapshot__graph", "snapshot__manifest").filter(pk=number(id, "plan")).first()
    if found is None:
        raise NotFound(f"There is no plan {str(id)[:40]!r}.")
    return found


def number(id: str | int, noun: str) -> int:
    """NotFound for what is none."""
    text = str(id)
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise NotFound(f"There is no {noun} {text[:40]!r}; its id is a number.")
    return int(text)


def log_lines(job: Job, after: int, limit: int) -> LogPage:
    """The lines after sequence number `after`, at most `limit`."""
    items: list[LogItem] = []
    for chunk in LogChunk.objects.filter(job=job, last_seq__gt=after).order_by("first_seq").iterator(chunk_size=50):
        items += [line for line in chunk.lines if line[0] > after]
        if len(items) >= limit:
            break
    items = items[:limit]
    last = items[-1][0] if items else after
    return LogPage(items, last, job.is_final and last >= job.line_count)


def active_jobs(databases: Iterable[Database] | QuerySet[Database, Any]) -> dict[Any, Job]:
    """Per database id the job that runs on it, else the oldest that waits, with who asked for it. One query."""
    found: dict[Any, Job] = {}
    active = Job.objects.filter(database__in=databases, status__in=ACTIVE)
    for job in active.select_related("requested_by", "plan").defer("plan__preview", "plan__facts").order_by("-id"):
        kept = found.get(job.database_id)
        if kept is None or kept.status not in HOLDING:
            found[job.database_id] = job
    return found


def left_partial(database: Database) -> Job | None:
    """The job of which a part is still in the database: its last one that may have changed anything, while the version has not moved."""
    return left_partials([database]).get(database.pk)


class Standing(Protocol):
    """A database, or as much of it as tells where it stands."""

    @property
    def pk(self) -> Any: ...
    @property
    def current(self) -> list[str]: ...


def left_partials(databases: Sequence[Standing]) -> dict[Any, Job]:
    """The same per id of those databases that have one. One query."""
    ended = Job.objects.filter(finished_at__isnull=False, started_at__isnull=False).exclude(command=Command.CHECK)
    changed = ended.exclude(database_state=OutcomeState.UNCHANGED)
    later = changed.filter(database=OuterRef("database"), finished_at__gt=OuterRef("finished_at"))
    last = changed.filter(~Exists(later), database__in=[one.pk for one in databases], database_state=OutcomeState.PARTIAL)
    related = last.select_related("plan", "requested_by", "database__project", "database__environment")
    found = {job.database_id: job for job in related.defer("plan__preview", "plan__facts")}
    still = {database.pk: sorted(database.current) for database in databases}
    return {key: job for key, job in found.items() if sorted(job.heads_after or []) == still[key]}


def step_durations(database: Database, revisions: list[str], *, direction: str) -> dict[str, tuple[str, float]]:
    """Per revision the environment and the seconds of the last time that step succeeded on another database of the project. One query."""
    steps = Step.objects.filter(job__database__project=database.project_id, revision__in=revisions, direction=direction)
    told = steps.filter(status=StepStatus.SUCCEEDED, duration_ms__isnull=False).exclude(job__database=database)
    rows = told.order_by("pk").values_list("revision", "job__database__environment__slug", "duration_ms")
    return {revision: (environment, duration / 1000) for revision, environment, duration in rows if duration is not None}
