"""Jobs, their logs, their cancellation; approvals come with their own issue."""

from collections.abc import Iterator
from typing import Annotated, Any

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Header, Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field, StringConstraints

from api.auth import user_of
from api.paging import PageQuery, listed
from api.times import shown
from config.errors import Forbidden, Invalid
from environments.queries import get_database
from jobs import queries, services
from jobs.models import Job, JobStatus

router = Router(tags=["jobs"])
Key = Annotated[str, StringConstraints(max_length=200)]


class NewJob(Schema):
    """With `plan_digest` the job is taken only if its plan is still that one (409 otherwise)."""

    database: str
    command: str
    revision: str | None = "head"
    plan_digest: str | None = Field(None, max_length=64)
    reason: str | None = Field(None, max_length=2000)


class Cancellation(Schema):
    reason: str | None = Field("", max_length=2000)


class Decision(Schema):
    decision: str
    comment: str | None = Field("", max_length=2000)


@router.post("", response={201: dict[str, Any]}, summary="Request a job")
def create_job(
    request: HttpRequest,
    payload: NewJob,
    idempotency_key: Annotated[Key, Header("", alias="Idempotency-Key")] = "",
) -> tuple[int, dict[str, Any]]:
    user = user_of(request)
    job = services.request_job(
        get_database(user, payload.database),
        user=user,
        command=payload.command,
        revision=payload.revision,
        plan_digest=payload.plan_digest,
        reason=payload.reason or "",
        idempotency_key=idempotency_key or None,
    )
    return 201, job_shown(queries.get_job(user, job.pk))


@router.get("", response=dict[str, Any], summary="List jobs, newest first")
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
    return listed(found, page, lambda jobs: [job_shown(job) for job in jobs])


@router.get("/{id}", response=dict[str, Any], summary="One job")
def get_job(request: HttpRequest, id: str) -> dict[str, Any]:
    return job_shown(queries.get_job(user_of(request), id))


@router.get("/{id}/log", response=dict[str, Any], summary="Lines of a job's log")
def get_log(
    request: HttpRequest,
    id: str,
    after: Annotated[int, Query(ge=0, le=2_000_000_000)] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 500,
) -> dict[str, Any]:
    page = queries.log_lines(queries.get_job(user_of(request), id), after, limit)
    items = [{"seq": seq, "at": at, "stream": stream, "text": text} for seq, at, stream, text in page.items]
    return {"items": items, "next_after": page.next_after, "finished": page.finished}


@router.get("/{id}/log.txt", summary="The whole log as text")
def get_log_text(request: HttpRequest, id: str) -> StreamingHttpResponse:
    job = queries.get_job(user_of(request), id)
    return StreamingHttpResponse(log_text(job), content_type="text/plain; charset=utf-8")


@router.post("/{id}/cancellation", response={202: dict[str, Any]}, summary="Cancel a job")
def cancel_job(request: HttpRequest, id: str, payload: Cancellation | None = None) -> tuple[int, dict[str, Any]]:
    user = user_of(request)
    services.cancel_job(queries.get_job(user, id), user=user, reason=(payload.reason if payload else "") or "")
    return 202, job_shown(queries.get_job(user, id))


@router.post("/{id}/approvals", response={201: dict[str, Any]}, summary="Approve or reject a job")
def decide(request: HttpRequest, id: str, payload: Decision) -> tuple[int, dict[str, Any]]:
    user = user_of(request)
    job = queries.get_job(user, id)
    if payload.decision not in ("approve", "reject"):
        raise Invalid("The decision is approve or reject.", {"decision": "Use approve or reject."})
    if job.requested_by_id == user.pk:
        raise Forbidden("Nobody decides on their own request, by no token of theirs either. Ask someone else.")
    raise HttpError(501, "Approvals are not there yet; a job on a protected environment can only be canceled.")


def log_text(job: Job) -> Iterator[str]:
    """The log in pieces, so that a long one is never in memory as a whole."""
    after = 0
    while (page := queries.log_lines(job, after, 2000)).items:
        yield "".join(f"{at} {stream:9} {text}\n" for _, at, stream, text in page.items)
        after = page.next_after


def job_shown(job: Job) -> dict[str, Any]:
    """The contract's job."""
    names = ("command", "status", "heads_after", "error", "changes", "reason")
    facts = {name: getattr(job, name) for name in names}
    times = {name: shown(getattr(job, name)) for name in ("created_at", "started_at", "finished_at")}
    return facts | times | {
        "id": str(job.pk),
        "database": str(job.database_id),
        "requested_revision": job.requested_revision,
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
        "requested_by": job.requested_by.username,
        "snapshot": str(job.plan.snapshot_id) if job.plan.snapshot_id else None,
        "plan_digest": job.plan.digest,
    }  # fmt: skip
