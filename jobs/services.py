"""Asking for jobs and canceling them."""

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.models import User
from accounts.permissions import Action, require
from audit.services import record
from config.doorbell import ring
from config.errors import Invalid
from environments.models import Database
from jobs.errors import NotCancelable, PlanStale
from jobs.models import Command, Job, JobStatus, OutcomeState, Plan, Promotion, Step, StepStatus
from jobs.plans import make_plan


def request_job(
    database: Database,
    *,
    user: User,
    command: str,
    revision: str | list[str] | None,
    plan_digest: str | None = None,
    reason: str = "",
    idempotency_key: str | None = None,
    promotion: Promotion | None = None,
) -> Job:
    """Plans the command and queues a job for it; in a protected environment the job waits for approval.

    With `plan_digest` the job is taken only if the plan is still that one (PlanStale otherwise). The same idempotency key of the
    same user returns the first job.
    """
    require(user, Action.RUN)
    if first := first_of(user, idempotency_key):
        return first
    plan = make_plan(database, user=user, command=command, revision=revision)
    require_digest(plan, plan_digest)
    try:
        return queue(plan, user=user, reason=reason, idempotency_key=idempotency_key, promotion=promotion, requested=revision)
    except IntegrityError:
        first = first_of(user, idempotency_key)
        if first is None:
            raise
        return first


def first_of(user: User, idempotency_key: str | None) -> Job | None:
    """The job that the user's request with this key has made already."""
    return Job.objects.filter(requested_by=user, idempotency_key=idempotency_key).first() if idempotency_key else None


def require_digest(plan: Plan, digest: str | None) -> None:
    """Raises PlanStale if a digest is given and the plan, made anew, is another one."""
    if digest and plan.digest != digest:
        raise PlanStale(
            f"{plan.database} or its code has changed since plan {digest[:8]} was made: it would now go from "
            f"{_shown(plan.from_heads)} to {_shown(plan.to_heads)} in {len(plan.steps)} steps. Nothing was run; look at the new plan."
        )


def queue(
    plan: Plan,
    *,
    user: User,
    reason: str = "",
    idempotency_key: str | None = None,
    promotion: Promotion | None = None,
    requested: str | list[str] | None = None,
) -> Job:
    """One transaction: the job, its steps and the audit entry; the doorbell rings when it has committed."""
    waits = plan.database.environment.protected and plan.command != Command.CHECK
    with transaction.atomic():
        job = Job.objects.create(
            database=plan.database,
            plan=plan,
            promotion=promotion,
            command=plan.command,
            requested_revision=" ".join(requested) if isinstance(requested, list) else requested or "",
            status=JobStatus.AWAITING_APPROVAL if waits else JobStatus.QUEUED,
            reason=reason,
            requested_by=user,
            idempotency_key=idempotency_key or None,
        )
        Step.objects.bulk_create(
            Step(job=job, position=place, revision=step["revision"], message=step["message"], direction=step["direction"])
            for place, step in enumerate(plan.steps, start=1)
        )
        record(
            user.username, "job.request", f"job {job.pk}", database=str(plan.database), database_id=str(plan.database_id),
            command=plan.command, revision=job.requested_revision, plan=plan.digest, status=job.status, reason=reason,
        )  # fmt: skip
        if not waits:
            transaction.on_commit(lambda: ring("jobs.tasks.run_job", job.pk))
    return job


def cancel_job(job: Job, *, user: User, reason: str = "") -> Job:
    """Cancels a waiting job at once; asks the worker to stop a running one. NotCancelable once it has ended."""
    require(user, Action.RUN)
    if len(reason) > 2000:
        raise Invalid("The reason is longer than 2,000 characters.", {"reason": "At most 2,000 characters."})
    with transaction.atomic():
        marks = {"cancel_requested_at": Now(), "cancel_reason": reason, "canceled_by": user.username}
        waiting = Job.objects.filter(pk=job.pk, status__in=[JobStatus.QUEUED, JobStatus.AWAITING_APPROVAL])
        ended = waiting.update(status=JobStatus.CANCELED, database_state=OutcomeState.UNCHANGED, finished_at=Now(), **marks)
        asked = ended or Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING).update(**marks)
        if not asked:
            job.refresh_from_db(fields=["status"])
            raise NotCancelable(f"Job {job.pk} is {job.get_status_display().lower()} already, so there is nothing to cancel.")
        if ended:
            job.steps.filter(status=StepStatus.PENDING).update(status=StepStatus.SKIPPED)
        record(user.username, "job.cancel", f"job {job.pk}", database=str(job.database), reason=reason, was_running=not ended)
    job.refresh_from_db()
    return job


def _shown(heads: list[str]) -> str:
    return ", ".join(heads) or "base"
