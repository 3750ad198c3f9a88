"""What a policy makes of findings: from off to block, at the request, at the claim, and after somebody has accepted them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import Role, User
from environments import changes
from environments.models import Database, Environment, Policy
from environments.services import check_database_now
from jobs import execution, findings, gates, plans, previews, services
from jobs.errors import GateClosed
from jobs.models import Job, JobStatus, Plan
from migrations_store import suppressions
from tests.jobs.conftest import write_revision

pytestmark = pytest.mark.django_db(transaction=True)
DROPS = 'op.drop_column("t_three", "fax")'
HIDES = 'words = ["DELETE", "FROM", "t_two"]\n    op.execute(" ".join(words))'


@pytest.fixture
def production(prod: Environment, add_database: Callable[..., Database]) -> Database:
    """prod, whose policy asks for no approval."""
    Policy.objects.update(approvals=0)
    return add_database(prod)


def planned(database: Database, user: User, *, previewed: bool = True) -> Plan:
    plan = plans.make_plan(database, user=user, command="upgrade", revision="head")
    if previewed:
        previews.write_preview(plan.pk)
        plan.refresh_from_db()
    return plan


def gate(plan: Plan, job: Job | None = None) -> gates.Gate | None:
    return next((found for found in gates.of(plan, job=job) if found.name == gates.FINDINGS), None)


def severities(plan: Plan) -> dict[str, str]:
    return {finding.rule: finding.severity for step in findings.findings_of(plan) for finding in step}


def test_a_plan_tells_how_bad_a_finding_is_in_its_environment(root: Path, production: Database, database: Database, admin: User) -> None:
    write_revision(root, "four", "three", DROPS)
    Policy.objects.filter(environment__slug="prod").update(severities={"AD102": "warning", "AD501": "off"})
    assert severities(planned(production, admin, previewed=False)) == {"AD102": "warning"}
    assert severities(planned(database, admin, previewed=False)) == {"AD102": "error", "AD501": "warning"}


def test_what_blocks_is_refused_until_somebody_accepts_it(root: Path, production: Database, admin: User, rita: User) -> None:
    write_revision(root, "four", "three", DROPS)
    Policy.objects.update(severities={"AD102": "block"})
    plan = planned(production, admin)
    shut = gate(plan)
    assert shut is not None
    assert not shut.passed
    assert "AD102 in four: Drops column t_three.fax." in shut.detail
    assert "accepted the finding with a reason" in shut.detail
    with pytest.raises(GateClosed, match="AD102 in four"):
        services.request_job(production, user=admin, command="upgrade", revision="head")
    suppressions.suppress(production.project, user=rita, rule="AD102", reason="nobody uses it", expires_at=None, revision="four")
    assert gate(plan) == gates.Gate(gates.FINDINGS, passed=True, detail="No finding blocks")


def test_what_only_its_sql_shows_blocks_too_and_a_job_waits_for_it(root: Path, production: Database, admin: User) -> None:
    """The job is sent back while its SQL is not there, is woken when it is, and is refused by what that shows."""
    write_revision(root, "four", "three", HIDES)
    Policy.objects.update(severities={"AD103": "block"})
    job = services.request_job(production, user=admin, command="upgrade", revision="head")
    execution.execute(job.pk)
    job.refresh_from_db()
    assert (job.status, (job.held or {})["gate"]) == (JobStatus.QUEUED, gates.FINDINGS)
    previews.write_preview(job.plan_id)
    job.refresh_from_db()
    assert job.held_until is None
    execution.execute(job.pk)
    job.refresh_from_db()
    assert (job.status, job.error and job.error["code"]) == (JobStatus.FAILED, "gate_closed")
    assert "AD103 in four" in str(job.error)


def test_severities_that_change_after_the_request_refuse_the_job(root: Path, production: Database, admin: User) -> None:
    job = services.request_job(production, user=admin, command="upgrade", revision="head")
    Policy.objects.update(severities={"AD205": "off"}, version=2)
    execution.execute(job.pk)
    job.refresh_from_db()
    assert job.error is not None
    assert job.error["code"] == "plan_changed"
    assert "policy of prod: version 1 → 2 (severities)" in str(job.error)


def test_in_a_protected_environment_severities_take_two_people(production: Database, admin: User) -> None:
    lena = User.objects.create_user("lena", password="correct horse", role=Role.LEAD)
    change = changes.change_policy(production.environment, user=admin, fields={"severities": {"AD102": "block", "AD501": "warning"}})
    assert change is not None
    assert change.is_waiting
    assert change.after == {"severities": {"AD102": "block"}}, "what is as usual anyway is not kept"
    changes.decide(change, user=lena, decision="approve")
    assert Policy.objects.get().severities == {"AD102": "block"}


def test_what_goes_back_blocks_too_and_a_stamp_runs_nothing(root: Path, production: Database, admin: User, run: Callable[..., Job]) -> None:
    run(production, "upgrade")
    check_database_now(production)
    production.refresh_from_db()
    Policy.objects.update(severities={"AD101": "block"})
    down = plans.make_plan(production, user=admin, command="downgrade", revision="two")
    assert "AD101 in three" in str(gate(down))
    assert gate(plans.make_plan(production, user=admin, command="stamp", revision="two")) is None
