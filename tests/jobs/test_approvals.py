"""Approving, rejecting, taking back, releasing: who may, what counts, and what voids it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Role, User
from audit.models import AuditEntry
from config.errors import Forbidden, Invalid
from environments.models import Database, Environment, Policy
from jobs import execution, gates, services, waiting
from jobs.errors import GateClosed, NotDecidable
from jobs.models import Approval, Job, JobStatus
from jobs.services import Wishes
from notices.models import Notice

pytestmark = pytest.mark.django_db(transaction=True)
Add = Callable[..., Database]


@pytest.fixture
def job(admin: User, database: Database, dev: Environment, prod: Environment, add_database: Add) -> Job:
    """ada wants prod at head; it awaits approval."""
    return services.request_job(add_database(prod), user=admin, command="upgrade", revision="head", reason="release 12")


def executed(job: Job) -> Job:
    execution.execute(job.pk)
    job.refresh_from_db()
    return job


def test_an_approved_job_runs_and_the_record_says_by_whom(job: Job, rita: User) -> None:
    assert executed(job).status == JobStatus.AWAITING_APPROVAL
    services.decide(job, user=rita, decision="approve", comment="looks right")
    assert job.status == JobStatus.QUEUED
    assert executed(job).status == JobStatus.SUCCEEDED
    entry = AuditEntry.objects.get(action="job.approve")
    assert (entry.actor, entry.object, entry.detail["plan"]) == ("rita", f"job {job.pk}", job.plan.digest)


def test_nobody_decides_on_their_own_request(job: Job, admin: User) -> None:
    for decision in ("approve", "reject"):
        with pytest.raises(Forbidden, match="their own request, by no token"):
            services.decide(job, user=admin, decision=decision, comment="mine")
    assert not Approval.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.AUDITOR, Role.NONE])
def test_without_the_role_nobody_decides(job: Job, role: Role) -> None:
    with pytest.raises(Forbidden):
        services.decide(job, user=User.objects.create_user("olga", role=role), decision="approve")


def test_the_policy_names_the_role(job: Job, prod: Environment, rita: User) -> None:
    Policy.objects.update(approver_role=Role.LEAD)
    job.plan.facts["policy"]["approver_role"] = Role.LEAD  # as if it had been planned under it
    job.plan.save()
    with pytest.raises(Forbidden, match="asks for a Lead"):
        services.decide(job, user=rita, decision="approve")


@pytest.mark.parametrize(
    ("decision", "comment", "match"), [("perhaps", "", "approve or reject"), ("reject", "  ", "why"), ("approve", "x" * 2001, "2,000")]
)
def test_a_decision_that_is_none_is_refused(job: Job, rita: User, decision: str, comment: str, match: str) -> None:
    with pytest.raises(Invalid, match=match):
        services.decide(job, user=rita, decision=decision, comment=comment)


def test_a_rejected_job_never_runs(job: Job, rita: User) -> None:
    services.decide(job, user=rita, decision="reject", comment="not on a Friday")
    assert (job.status, job.database_state) == (JobStatus.REJECTED, "unchanged")
    for again in ("approve", "reject"):
        with pytest.raises(NotDecidable, match="rejected"):
            services.decide(job, user=rita, decision=again, comment="after all")
    assert executed(job).status == JobStatus.REJECTED


def test_an_approved_job_can_still_be_rejected_before_it_runs(job: Job, rita: User) -> None:
    services.decide(job, user=rita, decision="approve")
    services.decide(job, user=User.objects.create_user("rob", role=Role.REVIEWER), decision="reject", comment="wait")
    assert executed(job).status == JobStatus.REJECTED


def test_two_approvals_are_two_people(job: Job, rita: User, prod: Environment, admin: User) -> None:
    Policy.objects.update(approvals=2)
    again = services.request_job(job.database, user=admin, command="upgrade", revision="two")
    services.decide(again, user=rita, decision="approve")
    assert again.status == JobStatus.AWAITING_APPROVAL
    with pytest.raises(NotDecidable, match="already"):
        services.decide(again, user=rita, decision="approve")
    services.decide(again, user=User.objects.create_user("rob", role=Role.LEAD), decision="approve")
    assert executed(again).status == JobStatus.SUCCEEDED


def test_a_withdrawn_approval_does_not_count(job: Job, rita: User) -> None:
    services.decide(job, user=rita, decision="approve")
    services.withdraw(job, user=rita)
    assert executed(job).status == JobStatus.AWAITING_APPROVAL
    with pytest.raises(NotDecidable, match="you have not approved"):
        services.withdraw(job, user=rita)
    services.decide(job, user=rita, decision="approve")
    assert executed(job).status == JobStatus.SUCCEEDED
    with pytest.raises(NotDecidable, match="succeeded already"):
        services.withdraw(job, user=rita)


def test_a_job_whose_switch_is_off_waits_to_be_released(admin: User, rita: User, prod: Environment, add_database: Add) -> None:
    job = services.request_job(add_database(prod), user=admin, command="upgrade", revision="head", wishes=Wishes(run_when_approved=False))
    with pytest.raises(NotDecidable, match="0 of 1"):
        services.release(job, user=admin)
    services.decide(job, user=rita, decision="approve")
    assert executed(job).status == JobStatus.AWAITING_APPROVAL
    wait = waiting.of(job)
    assert wait
    assert (wait.kind, wait.title) == ("release", "Approved, waits to be released")
    services.release(job, user=admin)
    assert executed(job).status == JobStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("lose", "says"),
    [
        (lambda user: User.objects.filter(pk=user.pk).update(role=Role.VIEWER), "no longer a Reviewer"),
        (lambda user: User.objects.filter(pk=user.pk).update(is_active=False), "no longer active"),
        (lambda user: Approval.objects.update(expires_at=timezone.now() - timedelta(seconds=1)), "has expired"),
        (lambda user: Approval.objects.update(plan_digest="0" * 64), "for another plan"),
    ],
)
def test_an_approval_that_no_longer_counts_sends_the_job_back(job: Job, rita: User, lose: Callable[[User], object], says: str) -> None:
    services.decide(job, user=rita, decision="approve")
    lose(rita)
    assert executed(job).status == JobStatus.AWAITING_APPROVAL
    wait = waiting.of(job)
    assert wait
    assert says in wait.text
    assert AuditEntry.objects.filter(action="job.hold").count() == 1
    services.decide(job, user=User.objects.create_user("rob", role=Role.REVIEWER), decision="approve")
    assert executed(job).status == JobStatus.SUCCEEDED


def test_the_gate_counts(job: Job, rita: User) -> None:
    gate = next(gate for gate in gates.of(job.plan, job=job) if gate.name == gates.APPROVAL)
    assert (gate.passed, gate.kind, gate.detail) == (False, "wait", "0 of 1, asked just now")
    services.decide(job, user=rita, decision="approve")
    gate = next(gate for gate in gates.of(job.plan, job=Job.objects.get(pk=job.pk)) if gate.name == gates.APPROVAL)
    assert (gate.passed, gate.detail) == (True, "1 of 1 (rita)")


def test_what_the_policy_forbids_is_refused_at_request_and_at_approval(job: Job, admin: User, rita: User, prod: Environment) -> None:
    Policy.objects.update(forbid_stamp=True)
    with pytest.raises(GateClosed, match="forbids every stamp"):
        services.request_job(job.database, user=admin, command="stamp", revision="head")


def test_a_protected_environment_without_a_policy_denies(admin: User, prod: Environment, add_database: Add) -> None:
    Policy.objects.all().delete()
    with pytest.raises(GateClosed, match="has no policy"):
        services.request_job(add_database(prod), user=admin, command="upgrade", revision="head")


def test_those_who_may_decide_are_told_and_then_whoever_asked(job: Job, admin: User, rita: User) -> None:
    User.objects.create_user("olga", role=Role.OPERATOR)
    later = services.request_job(job.database, user=admin, command="upgrade", revision="two")
    assert [(notice.user.username, notice.kind) for notice in Notice.objects.order_by("pk")] == [("rita", "approval_wanted")]
    services.decide(later, user=rita, decision="approve")
    executed(later)
    services.decide(job, user=rita, decision="reject", comment="done already")
    told = [(notice.user.username, notice.kind) for notice in Notice.objects.order_by("pk")][1:]
    assert told == [("ada", "approved"), ("ada", "job_succeeded"), ("ada", "rejected")]
    assert Notice.objects.filter(url=f"/jobs/{job.pk}/", text__contains="done already").count() == 1
