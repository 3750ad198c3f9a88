"""The findings of plans and revisions, from the project's file to what the faces ask for; and accepting them."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Role, User
from audit.models import AuditEntry
from config.errors import Forbidden, Invalid, NotFound
from environments.findings import findings_of as of_revision
from environments.models import Database
from jobs import findings, plans, previews
from jobs.models import Plan
from migrations_store import services as store
from migrations_store import suppressions
from migrations_store.findings.finding import Finding, counted
from migrations_store.models import Project, Suppression
from tests.jobs.conftest import write_revision


@pytest.fixture
def plan(root: Path, admin: User, add_database: Callable[..., Database]) -> Plan:
    """Of four revisions: the last drops a column, and hides a DELETE from whoever reads the code alone."""
    up = 'op.drop_column("t_three", "fax")\n    words = ["DELETE", "FROM", "t_two"]\n    op.execute(" ".join(words))'
    write_revision(root, "four", "three", up)
    return plans.make_plan(add_database(), user=admin, command="upgrade", revision="head")


@pytest.fixture
def previewed(plan: Plan) -> Plan:
    previews.write_preview(plan.pk)
    plan.refresh_from_db()
    return plan


def rules(found: list[Finding]) -> set[tuple[str, str, str]]:
    return {(finding.rule, finding.object, finding.source) for finding in found}


def test_a_plan_tells_what_its_code_and_its_sql_show(previewed: Plan) -> None:
    *harmless, last = findings.findings_of(previewed)
    assert [counted(found)["error"] for found in harmless] == [0, 0, 0]
    assert rules(last) == {("AD102", "t_three.fax", "code"), ("AD103", "t_two", "sql"), ("AD501", "", "code")}
    assert {finding.revision for finding in last} == {"four"}


def test_a_plan_tells_only_what_holds_on_its_database(plan: Plan) -> None:
    assert all("sqlite" in finding.dialects for found in findings.findings_of(plan) for finding in found)


def test_a_plan_of_many_steps_asks_a_constant_number_of_times(plan: Plan, django_assert_max_num_queries: Callable[..., object]) -> None:
    with django_assert_max_num_queries(4):  # type: ignore[attr-defined]
        findings.findings_of(plan)


def test_a_plan_without_its_preview_has_the_findings_of_its_code(plan: Plan) -> None:
    assert rules(findings.findings_of(plan)[-1]) == {("AD102", "t_three.fax", "code"), ("AD501", "", "code")}


def test_a_downgrade_tells_what_going_back_loses(admin: User, database: Database, run: Callable[..., object]) -> None:
    run(database, "upgrade")
    database.refresh_from_db()
    made = plans.make_plan(database, user=admin, command="downgrade", revision="two")
    assert ("AD101", "t_three", "code") in rules(findings.findings_of(made)[0])


def test_a_revision_tells_of_both_ways(plan: Plan) -> None:
    assert plan.snapshot is not None
    told = {(finding.rule, finding.direction) for finding in of_revision(plan.snapshot, "three")}
    assert told == {("AD101", "downgrade")}


# --- accepting


def accept(project: Project, user: User, **more: object) -> Suppression:
    given: dict = {"rule": "AD102", "reason": "nobody uses it", "expires_at": None} | more
    return suppressions.suppress(project, user=user, **given)


def accepted(plan: Plan) -> set[str]:
    return {finding.rule for found in findings.findings_of(plan) for finding in found if not finding.counts}


@pytest.mark.parametrize(
    "of", [{}, {"revision": "four"}, {"object": "t_three.fax"}, {"revision": "four", "object": "t_three.fax"}], ids=str
)
def test_an_accepted_finding_counts_no_more_and_says_why(plan: Plan, admin: User, of: dict) -> None:
    accept(plan.database.project, admin, **of)
    assert accepted(plan) == {"AD102"}
    told = next(finding for finding in findings.findings_of(plan)[-1] if finding.rule == "AD102")
    assert told.suppressed is not None
    assert (told.suppressed["by"], told.suppressed["reason"]) == ("ada", "nobody uses it")


@pytest.mark.parametrize("of", [{"revision": "three"}, {"object": "t_three.name"}, {"rule": "AD101"}], ids=str)
def test_another_finding_counts_as_before(plan: Plan, admin: User, of: dict) -> None:
    accept(plan.database.project, admin, **of)
    assert accepted(plan) == set()


def test_an_acceptance_ends(plan: Plan, admin: User) -> None:
    made = accept(plan.database.project, admin, expires_at=timezone.now() + timedelta(days=1))
    assert accepted(plan) == {"AD102"}
    Suppression.objects.filter(pk=made.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert accepted(plan) == set()


def test_an_acceptance_can_be_taken_back_and_both_are_in_the_record(plan: Plan, admin: User) -> None:
    project = plan.database.project
    made = accept(project, admin, revision="four")
    suppressions.unsuppress(project, made.pk, user=admin)
    assert accepted(plan) == set()
    kept = AuditEntry.objects.filter(action__startswith="finding.").order_by("seq")
    assert [(entry.action, entry.detail["rule"], entry.detail["revision"]) for entry in kept] == [
        ("finding.suppress", "AD102", "four"),
        ("finding.unsuppress", "AD102", "four"),
    ]
    with pytest.raises(NotFound):
        suppressions.unsuppress(project, made.pk, user=admin)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"rule": "AD999"}, "rule"),
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 1001}, "reason"),
        ({"expires_at": timezone.now() - timedelta(hours=1)}, "expires_at"),
        ({"expires_at": timezone.now() + timedelta(days=400)}, "expires_at"),
    ],
)
def test_an_acceptance_needs_a_rule_a_reason_and_an_end_in_reach(project: Project, admin: User, fields: dict, wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        accept(project, admin, **fields)
    assert set(refused.value.fields) == {wrong}
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.AUDITOR])
def test_who_may_not_review_may_not_accept(project: Project, admin: User, role: Role) -> None:
    other = User.objects.create_user("otto", password="correct horse", role=role)
    made = accept(project, admin)
    with pytest.raises(Forbidden):
        accept(project, other)
    with pytest.raises(Forbidden):
        suppressions.unsuppress(project, made.pk, user=other)


def test_another_projects_acceptance_cannot_be_taken_back(project: Project, admin: User, root: Path) -> None:
    source = {"kind": "directory", "path": str(root)}
    other = store.create_project(user=admin, fields={"slug": "other", "source": source})
    with pytest.raises(NotFound):
        suppressions.unsuppress(other, accept(project, admin).pk, user=admin)
