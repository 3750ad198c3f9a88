"""Approving and rejecting jobs, taking an approval back, and letting an approved job run.

Each locks the job's row first, so that of many at once every one sees what the one before it has done.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Role, User
from accounts.permissions import Action, require
from audit.services import record
from config.doorbell import ring
from config.errors import Forbidden, Invalid
from environments import policies
from environments.policies import Rules
from jobs import approvals, gates, telling
from jobs.errors import GateClosed, NotDecidable, PlanStale
from jobs.models import WAITING, Approval, Decision, Job, JobStatus, OutcomeState, StepStatus
from jobs.plans import changed_since

LONGEST = 2000
RELATED = ("database__project", "database__environment", "plan__snapshot", "requested_by")


def decide(job: Job, *, user: User, decision: str, comment: str = "") -> Job:
    """Approves the job for the plan that it has, or rejects it for good.

    The last approval that is needed queues the job, unless its switch is off. Raises Forbidden for the requester and for those
    without the policy's role, PlanStale if what was to be approved has changed, NotDecidable if the job no longer waits.
    """
    require(user, Action.REVIEW, **_place(job))
    _check(decision, comment)
    _refuse_requester(job, user)
    if decision == Decision.APPROVE and (changed := changed_since(job.plan)):
        raise PlanStale(f"What was to be approved has changed: {'; '.join(changed)}. Nothing was approved; cancel the job and plan anew.")
    with transaction.atomic():
        locked = _locked(job)
        rules = policies.rules_for(locked.database)
        _require_a_second_person(locked, user, rules)
        if decision == Decision.APPROVE:
            _approve(locked, user, comment, rules)
        else:
            _reject(locked, user, comment)
    job.refresh_from_db()
    return job


def withdraw(job: Job, *, user: User) -> Job:
    """Takes the user's own approval back while the job has not begun; it waits again if too few are left."""
    require(user, Action.REVIEW, **_place(job))
    with transaction.atomic():
        locked = _locked(job)
        own = [approval for approval in approvals.approvals_of(locked) if approval.user_id == user.pk]
        if locked.status not in WAITING or not own:
            what = "you have not approved it" if locked.status in WAITING else f"it is {locked.get_status_display().lower()} already"
            raise NotDecidable(f"There is no approval to take back on job {locked.pk}: {what}. Nothing was changed.")
        Approval.objects.filter(pk__in=[approval.pk for approval in own]).update(withdrawn_at=Now())
        locked = _locked(job)
        enough = approvals.tally(locked, policies.rules_for(locked.database), timezone.now()).enough
        if locked.status == JobStatus.QUEUED and not enough:
            _move(locked, JobStatus.AWAITING_APPROVAL)
        _record(locked, user, "job.withdraw", status=locked.status)
    job.refresh_from_db()
    return job


def release(job: Job, *, user: User) -> Job:
    """Queues a job that is approved and was not to run by itself. NotDecidable if it does not wait for this."""
    require(user, Action.RUN, **_place(job))
    with transaction.atomic():
        locked = _locked(job)
        if locked.status != JobStatus.AWAITING_APPROVAL:
            raise NotDecidable(f"Job {locked.pk} is {locked.get_status_display().lower()}, so there is nothing to release.")
        count = approvals.tally(locked, policies.rules_for(locked.database), timezone.now())
        if not count.enough:
            raise NotDecidable(f"Job {locked.pk} is not approved: {count.sentence}. Nothing was changed.")
        _queue(locked)
        _record(locked, user, "job.release", status=locked.status)
    job.refresh_from_db()
    return job


# --- before the lock


def _place(job: Job) -> dict[str, Any]:
    return {"project": job.database.project, "environment": job.database.environment}


def _check(decision: str, comment: str) -> None:
    if decision not in Decision.values:
        raise Invalid("The decision is approve or reject.", {"decision": "Use approve or reject."})
    if len(comment) > LONGEST:
        raise Invalid(f"The comment is longer than {LONGEST:,} characters.", {"comment": f"At most {LONGEST:,} characters."})
    if decision == Decision.REJECT and not comment.strip():
        raise Invalid("Say why it is rejected: whoever asked for it will read it.", {"comment": "A reason is needed."})


def _refuse_requester(job: Job, user: User) -> None:
    if job.requested_by_id == user.pk:
        raise Forbidden("Nobody decides on their own request, by no token of theirs either. Ask someone else.")


# --- under the lock


def _locked(job: Job) -> Job:
    """The job as it is now, held until the transaction ends."""
    return Job.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=job.pk)


def _require_a_second_person(job: Job, user: User, rules: Rules) -> None:
    _refuse_requester(job, user)
    if not approvals.has_role(job, user, rules):
        role = Role(rules.approver_role).label
        raise Forbidden(f"The policy of {job.database.environment.name} asks for a {role}, which you are not there. Nothing was decided.")


def _approve(job: Job, user: User, comment: str, rules: Rules) -> None:
    now = timezone.now()
    if job.status != JobStatus.AWAITING_APPROVAL:
        raise NotDecidable(f"Job {job.pk} is {job.get_status_display().lower()}; there is nothing to approve. Nothing was changed.")
    if any(approval.user_id == user.pk for approval in approvals.tally(job, rules, now).counted):
        raise NotDecidable(f"You have approved job {job.pk} already. Nothing was changed.")
    forbidden = gates.closed(gates.of(job.plan, job=job, at=now), "fix", besides=(gates.REACHABLE,))
    if forbidden:
        raise GateClosed.of(forbidden)
    until = now + timedelta(hours=rules.approval_hours)
    digest = job.plan.digest
    Approval.objects.create(job=job, user=user, decision=Decision.APPROVE, comment=comment, plan_digest=digest, expires_at=until)
    count = approvals.tally(job, rules, now)
    if count.enough and job.run_when_approved:
        _queue(job)
    facts = {"plan": digest, "expires_at": until.isoformat(), "approvals": f"{len(count.counted)} of {count.needed}"}
    _record(job, user, "job.approve", comment=comment, status=job.status, **facts)
    telling.approved(job, user)


def _reject(job: Job, user: User, comment: str) -> None:
    if job.status not in WAITING:
        raise NotDecidable(f"Job {job.pk} is {job.get_status_display().lower()} already, so it cannot be rejected. Cancel it if it runs.")
    Approval.objects.create(job=job, user=user, decision=Decision.REJECT, comment=comment, plan_digest=job.plan.digest)
    _move(job, JobStatus.REJECTED, database_state=OutcomeState.UNCHANGED, finished_at=Now())
    job.steps.filter(status=StepStatus.PENDING).update(status=StepStatus.SKIPPED)
    _record(job, user, "job.reject", comment=comment, plan=job.plan.digest)
    telling.rejected(job, user, comment)


def _queue(job: Job) -> None:
    _move(job, JobStatus.QUEUED, held=None, held_until=None)
    transaction.on_commit(lambda: ring("jobs.tasks.run_job", job.pk))


def _move(job: Job, status: JobStatus, **marks: Any) -> None:
    """Only a job that waits is ever moved here: one that was claimed meanwhile is its worker's."""
    if not Job.objects.filter(pk=job.pk, status__in=WAITING).update(status=status, **marks):
        raise NotDecidable(f"Job {job.pk} has begun meanwhile. Nothing was decided.")
    job.status = status


def _record(job: Job, user: User, action: str, **detail: Any) -> None:
    record(user.username, action, f"job {job.pk}", database=str(job.database), **detail)
