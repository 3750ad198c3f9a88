"""Jobs, their logs, decisions on them, their cancellation."""

from collections.abc import Iterator
from typing import Annotated, Any

from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from ninja import Header, Query, Router, Status
from pydantic import Field, StringConstraints

from accounts.permissions import Action
from api.auth import user_of
from api.paging import PageQuery, listed
from api.schemas import Body, Listed, Moment, Shown, Time, of_kind
from api.times import shown
from config.errors import Invalid
from environments.queries import get_database
from jobs import evidence, queries, services, waiting
from jobs.models import Approval, Job, JobStatus
from jobs.services import Wishes

router = Router(tags=["jobs"], by_alias=True)
Key = Annotated[str, StringConstraints(max_length=200, pattern=r"^[\x20-\x7e]*$")]


class Wanted(Body):
    """How jobs are to run."""

    reason: str | None = Field(None, max_length=2000)
    run_when_approved: bool = Field(default=True, description="Off: somebody has to release the job once it is approved.")
    not_before: Moment | None = Field(None, description="It runs then at the earliest. ISO 8601 with a zone.")
    in_window: bool = Field(default=False, description="It runs in the next window of the environment's policy.")
    break_glass: bool = Field(
        default=False,
        description="Passes over approvals, window, freeze and previous environment. Needs a reason, and everybody hears of it.",
    )

    def wishes(self) -> Wishes:
        return Wishes(self.run_when_approved, self.not_before, self.in_window, self.break_glass)


class NewJob(Wanted):
    """With `plan_digest` the job is taken only if its plan is still that one (409 otherwise)."""

    database: str
    command: str
    revision: str | None = "head"
    plan_digest: str | None = Field(None, max_length=64)


class Cancellation(Body):
    """Whoever waits for the job will read the reason."""

    reason: str | None = Field("", max_length=2000)


class Decision(Body):
    """`decision` is approve or reject; a rejection needs a comment."""

    decision: str
    comment: str | None = Field("", max_length=2000)


class StepShown(Shown):
    """One revision of the job."""

    revision: str
    message: str
    direction: str
    status: str
    started_at: Time | None
    duration_ms: float | None


class ApprovalShown(Shown):
    """One decision. An approval counts for the plan of this digest alone, until it expires or is withdrawn, and while whoever gave it
    may give it."""

    user: str
    decision: str
    comment: str
    plan_digest: str
    at: Time
    expires_at: Time | None
    withdrawn_at: Time | None


class JobErrorShown(Shown):
    """Why the job failed, and what to do."""

    code: str
    title: str
    why: str
    next: list[str]
    detail: dict[str, Any] = {}


class BlockedByShown(Shown):
    """What the job waits for: `kind` is lock, job, approval, release, schedule, window, freeze, worker, broker, scheduler,
    turn or database, `text` says it in a sentence.

    `until` is when a schedule or a window lets it go on, if that is known.

    For a lock in its database: `wants` names it, `sessions` are those that hold it (without `certain` those that may), `behind` is
    the number of sessions that wait behind the job, and `gives_up_at` when its lock timeout ends the wait.
    """

    kind: str
    title: str
    text: str
    since: str | None
    next: list[str]
    job: str | None = None
    until: str | None = None
    wants: str | None = None
    certain: bool | None = None
    sessions: list[dict[str, Any]] | None = None
    behind: int | None = None
    gives_up_at: str | None = None
    seen_at: str | None = None


class JobShown(Shown):
    """`database_state` and `heads_after` are what the database itself said at the end; `changes` is what the command check found,
    `differences` the same object by object, as a proposal's `changes` are, each with when it was first seen there.

    `blocked_by` says what a job waits for, and is null for one that works or has ended.
    """

    id: str
    database: str
    command: str
    requested_revision: str
    status: str
    database_state: str | None
    from_: list[str] = Field(alias="from")
    to: list[str]
    heads_after: list[str] | None
    steps: list[StepShown]
    error: JobErrorShown | None
    blocked_by: BlockedByShown | None
    changes: list[Any] | None
    differences: list[dict[str, Any]] | None
    reason: str
    approvals: list[ApprovalShown]
    run_when_approved: bool
    not_before: Time | None
    in_window: bool
    break_glass: bool
    backup: dict[str, Any] | None
    requested_by: str
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    snapshot: str | None
    plan_digest: str


class LogLineShown(Shown):
    seq: int
    at: Time
    stream: str
    text: str


class LogShown(Shown):
    """Ask again with `after` as `next_after`, until `finished`."""

    items: list[LogLineShown]
    next_after: int
    finished: bool


@router.post("", response={201: JobShown}, summary="Request a job")
def create_job(
    request: HttpRequest,
    payload: NewJob,
    idempotency_key: Annotated[Key, Header("", alias="Idempotency-Key")] = "",
) -> Status[dict[str, Any]]:
    user = user_of(request)
    job = services.request_job(
        get_database(user, payload.database),
        user=user,
        command=payload.command,
        revision=payload.revision,
        plan_digest=payload.plan_digest,
        reason=payload.reason or "",
        idempotency_key=idempotency_key or None,
        wishes=payload.wishes(),
    )
    return Status(201, job_shown(queries.get_job(user, job.pk)))


@router.get("", response=Listed[JobShown], summary="List jobs, newest first")
def list_jobs(
    request: HttpRequest,
    page: PageQuery,
    database: Annotated[str, Query(max_length=100)] = "",
    status: Annotated[str, Query(max_length=40)] = "",
) -> dict[str, Any]:
    user = user_of(request)
    if status and status not in JobStatus.values:
        raise Invalid(f"There is no status {status!r}; use one of {', '.join(JobStatus.values)}.", {"status": "Not a status."})
    found = queries.jobs(user, database=get_database(user, database) if database else None, status=status)
    return listed(found.select_related("comparison"), page, lambda jobs: [job_shown(job) for job in jobs])


@router.get("/{id}", response=JobShown, summary="One job")
def get_job(request: HttpRequest, id: str) -> dict[str, Any]:
    return job_shown(queries.get_job(user_of(request), id))


@router.get("/{id}/log", response=LogShown, summary="Lines of a job's log")
def get_log(
    request: HttpRequest,
    id: str,
    after: Annotated[int, Query(ge=0, le=2_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> dict[str, Any]:
    page = queries.log_lines(queries.get_job(user_of(request), id, Action.READ_LOGS), after, limit)
    items = [{"seq": seq, "at": at, "stream": stream, "text": text} for seq, at, stream, text in page.items]
    return {"items": items, "next_after": page.next_after, "finished": page.finished}


@router.get("/{id}/log.txt", summary="The whole log as text", openapi_extra=of_kind("text/plain"))
def get_log_text(request: HttpRequest, id: str) -> StreamingHttpResponse:
    job = queries.get_job(user_of(request), id, Action.READ_LOGS)
    return StreamingHttpResponse(log_text(job), content_type="text/plain; charset=utf-8")


@router.get(
    "/{id}/evidence",
    summary="Everything that is known of it in one zip, with hashes and a checker",
    openapi_extra=of_kind("application/zip"),
)
def get_evidence(request: HttpRequest, id: str) -> FileResponse:
    job = queries.get_job(user_of(request), id, Action.AUDIT)
    return FileResponse(evidence.bundle(job), as_attachment=True, filename=f"job-{job.pk}-evidence.zip")


@router.post("/{id}/cancellation", response={202: JobShown}, summary="Cancel a job")
def cancel_job(request: HttpRequest, id: str, payload: Cancellation | None = None) -> Status[dict[str, Any]]:
    user = user_of(request)
    services.cancel_job(queries.get_job(user, id), user=user, reason=(payload.reason if payload else "") or "")
    return Status(202, job_shown(queries.get_job(user, id)))


@router.post("/{id}/approvals", response={201: JobShown}, summary="Approve or reject a job")
def decide(request: HttpRequest, id: str, payload: Decision) -> Status[dict[str, Any]]:
    user = user_of(request)
    services.decide(queries.get_job(user, id), user=user, decision=payload.decision, comment=payload.comment or "")
    return Status(201, job_shown(queries.get_job(user, id)))


@router.delete("/{id}/approvals", response=JobShown, summary="Take your own approval back")
def withdraw(request: HttpRequest, id: str) -> dict[str, Any]:
    user = user_of(request)
    services.withdraw(queries.get_job(user, id), user=user)
    return job_shown(queries.get_job(user, id))


@router.post("/{id}/release", response=JobShown, summary="Let an approved job run that does not run by itself")
def release(request: HttpRequest, id: str) -> dict[str, Any]:
    user = user_of(request)
    services.release(queries.get_job(user, id), user=user)
    return job_shown(queries.get_job(user, id))


def log_text(job: Job) -> Iterator[str]:
    """The log in pieces, so that a long one is never in memory as a whole."""
    after = 0
    while (page := queries.log_lines(job, after, 2000)).items:
        yield "".join(f"{at} {stream:9} {text}\n" for _, at, stream, text in page.items)
        after = page.next_after


def job_shown(job: Job) -> dict[str, Any]:
    """The contract's job."""
    names = ("command", "status", "heads_after", "error", "changes", "reason", "run_when_approved", "in_window", "break_glass", "backup")
    facts = {name: getattr(job, name) for name in names}
    times = {name: shown(getattr(job, name)) for name in ("created_at", "started_at", "finished_at", "not_before")}
    comparison = getattr(job, "comparison", None)  # one that is missing counts as an attribute that is missing
    return facts | times | {
        "id": str(job.pk),
        "database": str(job.database_id),
        "requested_revision": job.requested_revision,
        "differences": comparison.entries if comparison else None,
        "database_state": job.database_state or None,
        "from": job.plan.from_heads,
        "to": job.plan.to_heads,
        "steps": [
            {
                "revision": step.revision,
                "message": step.message,
                "direction": step.direction,
                "status": step.status,
                "started_at": shown(step.started_at),
                "duration_ms": step.duration_ms,
            }
            for step in job.steps.all()
        ],
        "approvals": [_approval(approval) for approval in job.approvals.all()],
        "blocked_by": waiting.as_dict(waiting.of(job)),
        "requested_by": job.requested_by.username,
        "snapshot": str(job.plan.snapshot_id) if job.plan.snapshot_id else None,
        "plan_digest": job.plan.digest,
    }  # fmt: skip


def _approval(approval: Approval) -> dict[str, Any]:
    facts = {name: getattr(approval, name) for name in ("decision", "comment", "plan_digest")}
    times = {name: shown(getattr(approval, name)) for name in ("at", "expires_at", "withdrawn_at")}
    return facts | times | {"user": approval.user.username}
