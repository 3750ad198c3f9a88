"""Asking for jobs, deciding on them, canceling them."""

from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.models import User
from accounts.permissions import Action
from audit.services import record
from config.doorbell import ring
from config.errors import Forbidden, Invalid
from environments import policies
from environments.models import Database
from environments.permissions import require_on
from environments.policies import Rules
from jobs import gates, schedule, telling
from jobs.decisions import decide, release, withdraw
from jobs.errors import GateClosed, KeyTaken, NotCancelable, OutcomeUnknown, PlanStale
from jobs.models import WAITING, Command, Job, JobStatus, OutcomeState, Plan, Promotion, Step, StepStatus
from jobs.plans import make_plan

__all__ = [
    "Wishes",
    "cancel_job",
    "decide",
    "first_of",
    "first_promotion_of",
    "queue",
    "release",
    "request_job",
    "require_digest",
    "withdraw",
]

SHORTEST_REASON = 10
NEEDED = {Command.DOWNGRADE: Action.DOWNGRADE, Command.STAMP: Action.STAMP}


@dataclass(frozen=True)
class Wishes:
    """How a job is to run; its fields are fields of the job. Without `run_when_approved` somebody has to release it; `in_window` is the
    next run window; `break_glass` passes over approvals, window, freeze and previous environment."""

    run_when_approved: bool = True
    not_before: datetime | None = None
    in_window: bool = False
    break_glass: bool = False


def request_job(
    database: Database,
    *,
    user: User,
    command: str,
    revision: str | list[str] | None,
    plan_digest: str | None = None,
    reason: str = "",
    idempotency_key: str | None = None,
    wishes: Wishes | None = None,
) -> Job:
    """Plans the command and queues a job for it; where the policy asks for approvals it waits for them.

    With `plan_digest` the job is taken only if the plan is still that one (PlanStale otherwise). The same idempotency key of the
    same user returns the first job. Raises GateClosed for what the policy forbids.
    """
    require_on(user, Action.RUN, database)
    if first := first_of(user, idempotency_key):
        return first
    plan = make_plan(database, user=user, command=command, revision=revision)
    require_digest(plan, plan_digest)
    try:
        return queue(plan, user=user, reason=reason, idempotency_key=idempotency_key, requested=revision, wishes=wishes)
    except IntegrityError:
        first = first_of(user, idempotency_key)
        if first is None:
            raise
        return first


def first_of(user: User, idempotency_key: str | None) -> Job | None:
    """The job that the user's request with this key has made already."""
    return Job.objects.filter(requested_by=user, idempotency_key=idempotency_key).first() if idempotency_key else None


def first_promotion_of(user: User, idempotency_key: str | None) -> tuple[Promotion, Plan, Job] | None:
    """The same of a promotion or a rollback. Raises KeyTaken if the key made a job alone: it cannot be made twice, nor be taken for one."""
    job = first_of(user, idempotency_key)
    if job and job.promotion is None:
        raise KeyTaken(f"Job {job.pk} was requested with this Idempotency-Key, by itself. Nothing was requested now; use another key.")
    return (job.promotion, job.plan, job) if job and job.promotion else None


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
    wishes: Wishes | None = None,
) -> Job:
    """One transaction: the job, its steps and the audit entry; the doorbell rings when it has committed."""
    wishes = wishes or Wishes()
    _require_for(plan, user)
    rules = policies.rules_for(plan.database)
    _check(plan, user, reason, wishes, rules)
    found = gates.of(plan, break_glass=wishes.break_glass)
    if forbidden := gates.closed(found, "fix"):
        raise GateClosed.of(forbidden)
    waits = any(gate.name == gates.APPROVAL for gate in gates.closed(found, "wait"))
    with transaction.atomic():
        job = Job.objects.create(
            database=plan.database, plan=plan, promotion=promotion, command=plan.command, reason=reason, requested_by=user,
            requested_revision=" ".join(requested) if isinstance(requested, list) else requested or "",
            status=JobStatus.AWAITING_APPROVAL if waits else JobStatus.QUEUED, idempotency_key=idempotency_key or None, **asdict(wishes),
        )  # fmt: skip
        Step.objects.bulk_create(_steps(job, plan))
        passed_over = [gate.name for gate in found if gate.passed_over]
        _record_request(job, user, wishes, passed_over=passed_over)
        if wishes.break_glass:
            telling.glass_broken(job, passed_over)
        if waits:
            telling.approval_wanted(job, rules)
        else:
            transaction.on_commit(lambda: ring("jobs.tasks.run_job", job.pk))
    return job


def _require_for(plan: Plan, user: User) -> None:
    require_on(user, Action.RUN, plan.database)
    if needed := NEEDED.get(Command(plan.command)):
        require_on(user, needed, plan.database)
    if any(step.get("purge") for step in plan.steps):
        require_on(user, Action.PURGE, plan.database)


def _check(plan: Plan, user: User, reason: str, wishes: Wishes, rules: Rules) -> None:
    """Raises what is wrong with how the job is to run."""
    schedule.check(wishes.not_before, in_window=wishes.in_window, rules=rules)
    if not wishes.break_glass:
        return
    require_on(user, Action.BREAK_GLASS, plan.database)
    if not rules.break_glass:
        raise Forbidden(f"The policy of {plan.database.environment.name} allows no break-glass. Nothing was requested.")
    if len(reason.strip()) < SHORTEST_REASON:
        raise Invalid(
            f"Break-glass needs a reason of at least {SHORTEST_REASON} characters: everybody will read it.",
            {"reason": f"At least {SHORTEST_REASON} characters."},
        )


def _steps(job: Job, plan: Plan) -> list[Step]:
    names = ("revision", "message", "direction")
    return [
        Step(job=job, position=place, checksum=step.get("checksum", ""), **{name: step[name] for name in names})
        for place, step in enumerate(plan.steps, start=1)
    ]


def _record_request(job: Job, user: User, wishes: Wishes, *, passed_over: list[str]) -> None:
    plan, asked = job.plan, {"run_when_approved": wishes.run_when_approved, "in_window": wishes.in_window}
    record(
        user.username, "job.request", f"job {job.pk}", database=str(plan.database), database_id=str(plan.database_id),
        command=plan.command, revision=job.requested_revision, plan=plan.digest, status=job.status, reason=job.reason,
        not_before=wishes.not_before.isoformat() if wishes.not_before else None, **asked,
    )  # fmt: skip
    if wishes.break_glass:
        record(
            user.username, "job.break_glass", f"job {job.pk}", database=str(plan.database), plan=plan.digest, reason=job.reason,
            passed_over=passed_over,
        )  # fmt: skip


def cancel_job(job: Job, *, user: User, reason: str = "") -> Job:
    """Cancels a waiting job at once; asks the worker to stop a running one. NotCancelable once it has ended."""
    require_on(user, Action.RUN, job.database)
    if len(reason) > 2000:
        raise Invalid("The reason is longer than 2,000 characters.", {"reason": "At most 2,000 characters."})
    with transaction.atomic():
        marks = {"cancel_requested_at": Now(), "cancel_reason": reason, "canceled_by": user.username}
        waiting = Job.objects.filter(pk=job.pk, status__in=WAITING)
        ended = waiting.update(status=JobStatus.CANCELED, database_state=OutcomeState.UNCHANGED, finished_at=Now(), **marks)
        asked = ended or Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING).update(**marks)
        if not asked:
            job.refresh_from_db(fields=["status"])
            if job.status == JobStatus.UNKNOWN:
                raise OutcomeUnknown(f"Job {job.pk} runs no more. What it left is read as soon as {job.database} answers.")
            raise NotCancelable(f"Job {job.pk} is {job.get_status_display().lower()} already, so there is nothing to cancel.")
        if ended:
            job.steps.filter(status=StepStatus.PENDING).update(status=StepStatus.SKIPPED)
        record(user.username, "job.cancel", f"job {job.pk}", database=str(job.database), reason=reason, was_running=not ended)
    job.refresh_from_db()
    return job


def _shown(heads: list[str]) -> str:
    return ", ".join(heads) or "base"
