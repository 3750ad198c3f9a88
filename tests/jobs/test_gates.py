"""What has to hold before a plan runs, one gate after the other; and what break-glass opens of it."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Role, User
from audit.models import AuditEntry
from config.errors import Forbidden, Invalid
from environments.models import Database, Environment, Policy
from environments.services import check_database_now
from jobs import execution, gates, services, waiting
from jobs.errors import GateClosed
from jobs.models import Job, JobStatus
from jobs.plans import make_plan
from jobs.services import Wishes
from notices.models import Notice
from tests.jobs.conftest import table, write_revision

pytestmark = pytest.mark.django_db(transaction=True)
Add = Callable[..., Database]
Run = Callable[..., Job]
BREAK = Wishes(break_glass=True)


@pytest.fixture
def production(prod: Environment, add_database: Add) -> Database:
    """prod, whose policy asks for no approval, so that the other gates are seen alone."""
    Policy.objects.update(approvals=0)
    return add_database(prod)


def closed(plan: Any, **options: Any) -> dict[str, str]:
    return {gate.name: gate.kind for gate in gates.of(plan, **options) if not gate.passed}


def test_what_is_not_forbidden_passes(admin: User, production: Database) -> None:
    plan = make_plan(production, user=admin, command="upgrade", revision="head")
    assert {gate.name: gate.passed for gate in gates.of(plan)} == {"reachable": True, "no other job": True}


LOSES = 'op.drop_column("t_one", "fax")'


@pytest.mark.parametrize(
    ("rule", "command", "revision", "up", "says"),
    [
        ("forbid_downgrade", "downgrade", "base", "", "The policy of prod forbids every downgrade"),
        ("forbid_stamp", "stamp", "head", "", "The policy of prod forbids every stamp"),
        ("forbid_data_loss", "upgrade", "head", LOSES, "forbids the loss of data: four drops column t_one.fax"),
        ("forbid_data_loss", "downgrade", "base", "", "forbids the loss of data: three drops table t_three"),
        ("forbid_non_atomic", "upgrade", "head", "", "not all or nothing: SQLite commits each change"),
    ],
)
def test_what_the_policy_forbids_is_refused_at_request_and_at_claim(
    admin: User, run: Run, root: Path, production: Database, rule: str, command: str, revision: str, up: str, says: str
) -> None:
    if up:
        write_revision(root, "four", "three", up)
    if command == "downgrade":
        run(production, "upgrade", "head")
        production.refresh_from_db()
    job = services.request_job(production, user=admin, command=command, revision=revision)
    Policy.objects.update(**{rule: True})
    assert waits_for(job) == "plan_changed"
    with pytest.raises(GateClosed) as refused:
        services.request_job(production, user=admin, command=command, revision=revision)
    assert says in str(refused.value)
    assert "Nothing was run" in str(refused.value)


def waits_for(job: Job) -> str:
    """The code with which it ends, or the gate for which it waits."""
    execution.execute(job.pk)
    job.refresh_from_db()
    if job.error:
        return str(job.error["code"])
    wait = waiting.of(job)
    return wait.kind if wait else job.status


def test_what_cannot_be_read_counts_as_forbidden(admin: User, root: Path, production: Database) -> None:
    write_revision(root, "four", "three", 'op.execute(os.environ["STATEMENT"])')
    Policy.objects.update(forbid_data_loss=True)
    with pytest.raises(GateClosed, match=r"cannot be read from the revisions \(four, line"):
        services.request_job(production, user=admin, command="upgrade", revision="head")


def test_a_single_head_is_asked_for(admin: User, root: Path, production: Database) -> None:
    write_revision(root, "other", "two", *table("t_other"))
    services.request_job(production, user=admin, command="upgrade", revision="heads")
    Policy.objects.update(require_single_head=True)
    with pytest.raises(GateClosed, match=r"several heads: other, three\. Merge them"):
        services.request_job(production, user=admin, command="upgrade", revision="heads")


# --- the previous environment


@pytest.fixture
def after_dev(production: Database, database: Database) -> Database:
    """prod asks for what has succeeded in dev; both have a database."""
    Policy.objects.update(require_previous=True)
    return production


def test_what_succeeded_before_may_follow(admin: User, run: Run, database: Database, after_dev: Database) -> None:
    with pytest.raises(GateClosed, match="one, two, three did not succeed in dev"):
        services.request_job(after_dev, user=admin, command="upgrade", revision="head")
    run(database, "upgrade", "two")
    with pytest.raises(GateClosed, match="three did not succeed in dev"):
        services.request_job(after_dev, user=admin, command="upgrade", revision="head")
    assert run(after_dev, "upgrade", "two").status == JobStatus.SUCCEEDED


def test_a_stamp_proves_nothing(admin: User, run: Run, database: Database, after_dev: Database) -> None:
    run(database, "stamp", "head")
    with pytest.raises(GateClosed, match="did not succeed in dev"):
        services.request_job(after_dev, user=admin, command="upgrade", revision="head")


def test_the_same_id_with_other_bytes_proves_nothing(admin: User, run: Run, root: Path, database: Database, after_dev: Database) -> None:
    run(database, "upgrade", "head")
    write_revision(root, "two", "one", *table("t_other"))
    with pytest.raises(GateClosed, match="two did not succeed in dev with the files as they are now"):
        services.request_job(after_dev, user=admin, command="upgrade", revision="head")


def test_evidence_is_asked_for_in_one_go(
    admin: User, run: Run, database: Database, after_dev: Database, django_assert_num_queries: Any
) -> None:
    run(database, "upgrade", "head")
    plans = [make_plan(after_dev, user=admin, command="upgrade", revision=revision) for revision in ("one", "head")]
    for plan in plans:
        plan.database = after_dev
        with django_assert_num_queries(6):
            assert closed(plan) == {}


def test_evidence_that_is_gone_at_claim_ends_the_job_unchanged(admin: User, run: Run, database: Database, after_dev: Database) -> None:
    run(database, "upgrade", "head")
    job = services.request_job(after_dev, user=admin, command="upgrade", revision="head")
    database.jobs.all().delete()
    assert waits_for(job) == "gate_closed"
    assert job.error
    assert "did not succeed in dev" in job.error["why"]
    assert (job.status, job.database_state) == (JobStatus.FAILED, "unchanged")


def test_without_an_environment_before_there_is_nothing_to_prove(admin: User, dev: Environment, production: Database) -> None:
    Policy.objects.update(require_previous=True)
    plan = make_plan(production, user=admin, command="upgrade", revision="head")
    assert closed(plan) == {"previous environment": "fix"}
    dev.delete()
    assert closed(plan) == {}


# --- windows and freezes


def shut() -> list[dict[str, Any]]:
    """A window that is closed now, and opens in some days."""
    return [{"days": [(timezone.now().weekday() + 3) % 7], "from": "03:00", "to": "04:00"}]


@pytest.mark.parametrize(
    ("close", "open", "gate"),
    [
        (lambda: Policy.objects.update(windows=shut()), None, "window"),
        (
            lambda: Environment.objects.filter(slug="prod").update(freeze_reason="quarter's end", frozen_by="lea"),
            lambda: Environment.objects.update(freeze_reason=""),
            "freeze",
        ),
    ],
)
def test_a_closed_gate_sends_the_job_back_and_holds_up_nobody(
    admin: User, production: Database, close: Callable[[], object], open: Callable[[], object] | None, gate: str
) -> None:
    close()
    job = services.request_job(production, user=admin, command="upgrade", revision="one")
    assert waits_for(job) == gate
    assert job.status == JobStatus.QUEUED
    assert waits_for(job) == gate
    assert AuditEntry.objects.filter(action="job.hold").count() == 1
    check = services.request_job(production, user=admin, command="stamp", revision="base", wishes=BREAK, reason="it is on fire")
    assert waits_for(check) == JobStatus.SUCCEEDED
    if open:
        open()
        assert waits_for(job) == gate  # not before it is looked at again
        Job.objects.update(held_until=timezone.now() - timedelta(seconds=1))
        assert waits_for(job) == JobStatus.SUCCEEDED


def test_a_check_only_reads_and_waits_for_nobody(admin: User, run: Run, production: Database) -> None:
    Policy.objects.update(windows=shut(), approvals=3, require_previous=True)
    assert run(production, "check", None).error["code"] == "AM-107"  # type: ignore[index]


# --- break-glass


def test_break_glass_opens_what_waits_and_is_told_to_all(admin: User, rita: User, after_dev: Database) -> None:
    Policy.objects.update(approvals=2, windows=shut())
    Environment.objects.update(freeze_reason="quarter's end")
    job = services.request_job(after_dev, user=admin, command="upgrade", revision="head", wishes=BREAK, reason="the shop is down")
    assert waits_for(job) == JobStatus.SUCCEEDED
    entry = AuditEntry.objects.get(action="job.break_glass")
    assert entry.detail["passed_over"] == ["previous environment", "approval", "window", "freeze"]
    assert entry.detail["reason"] == "the shop is down"
    assert Notice.objects.filter(user=rita, kind="break_glass", text__contains="the shop is down").count() == 1


@pytest.mark.parametrize("rule", ["forbid_downgrade", "forbid_data_loss"])
def test_break_glass_opens_no_safety(admin: User, run: Run, production: Database, rule: str) -> None:
    run(production, "upgrade", "head")
    production.refresh_from_db()
    Policy.objects.update(**{rule: True})
    with pytest.raises(GateClosed):
        services.request_job(production, user=admin, command="downgrade", revision="base", wishes=BREAK, reason="the shop is down")


def test_break_glass_needs_permission_policy_and_reason(admin: User, production: Database) -> None:
    def ask(user: User, reason: str) -> None:
        services.request_job(production, user=user, command="upgrade", revision="head", wishes=BREAK, reason=reason)

    with pytest.raises(Invalid, match="at least 10"):
        ask(admin, "urgent    ")
    with pytest.raises(Forbidden, match="Operator; this needs Lead"):
        ask(User.objects.create_user("olga", role=Role.OPERATOR), "the shop is down")
    Policy.objects.update(break_glass=False)
    with pytest.raises(Forbidden, match="allows no break-glass"):
        ask(admin, "the shop is down")
    assert not Job.objects.exists()


def test_a_database_that_is_away_is_to_be_mended(admin: User, production: Database) -> None:
    plan = make_plan(production, user=admin, command="upgrade", revision="head")
    Path(production.database).unlink()
    check_database_now(production)
    plan.database = production
    assert closed(plan) == {"reachable": "fix"}
