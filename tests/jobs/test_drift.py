"""Checks of every database, since when a difference is there, and rules that call one noise."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Grant, Role, User
from audit.models import AuditEntry
from config.errors import Conflict, Forbidden, Invalid
from environments.models import Database, Environment
from jobs import services
from jobs.drift import comparisons, everywhere, ignoring, ledger, queries, tally
from jobs.models import Comparison, Job
from migrations_store.models import IgnoredDifference, Project
from notices.models import Notice
from tests.jobs.test_proposals import modelled

__all__ = ["modelled"]
NEW_TABLE = {"kind": "table", "what": "added", "table": "t_new"}


@pytest.fixture
def checked(modelled: Database, run: Callable[..., Job]) -> Database:
    """At head, and checked once: the models have one table more."""
    run(modelled, "upgrade")
    run(modelled, "check", None)
    return modelled


ENTRY = {
    "key": "table:t_new", "object": "t_new", "kind": "table", "what": "added", "schema": None, "table": "t_new", "name": None,
    "before": None, "after": "id INTEGER", "text": "The models have table t_new and the database has not.", "data_loss": "",
    "lock": "", "lock_text": "", "rename_guess": "", "since": "2026-01-01T00:00:00+00:00", "since_job": "1",
}  # fmt: skip


@pytest.fixture
def compared(admin: User) -> Callable[[Database], Job]:
    """A check that found a new table, as rows."""

    def keep(database: Database) -> Job:
        job = services.request_job(database, user=admin, command="check", revision=None)
        Job.objects.filter(pk=job.pk).update(status="succeeded", database_state="unchanged", changes=[{"text": ENTRY["text"]}])
        Comparison.objects.create(job=job, database=database, entries=[ENTRY], at=timezone.now())
        tally.recount_project(database.project)
        return job

    return keep


@pytest.fixture
def differing(database: Database, compared: Callable[[Database], Job]) -> Database:
    compared(database)
    return database


def edit(root: Path, old: str, new: str) -> None:
    path = root / "migrations" / "env.py"
    path.write_text(path.read_text().replace(old, new))


def seen(comparison: Comparison) -> list[tuple[str, str]]:
    return [(entry["object"], entry["since_job"]) for entry in comparison.entries]


@pytest.mark.django_db
def test_check_keeps_what_a_proposal_would_show(checked: Database) -> None:
    job = Job.objects.get(command="check")
    (entry,) = job.comparison.entries
    assert (entry["key"], entry["what"], entry["after"]) == ("table:t_new", "added", "id INTEGER NOT NULL\nPRIMARY KEY (id)")
    assert [change["op"] for change in job.changes or []] == ["add_table"]
    assert (job.comparison.facts["dialect"], job.comparison.red_flags) == ("sqlite", [])


@pytest.mark.slow
@pytest.mark.django_db
def test_difference_is_as_old_as_the_check_that_first_saw_it(checked: Database, run: Callable[..., Job], root: Path) -> None:
    first = Job.objects.get(command="check")
    edit(root, '"two", "three"', '"two", "three", "four"')
    second = run(checked, "check", None)
    assert sorted(seen(second.comparison)) == [("t_four", str(second.pk)), ("t_new", str(first.pk))]
    edit(root, '"t_new"', '"t_newer"')
    run(checked, "check", None)
    edit(root, '"t_newer"', '"t_new"')
    again = run(checked, "check", None)
    assert sorted(seen(again.comparison)) == [("t_four", str(second.pk)), ("t_new", str(again.pk))], "one that was gone begins anew"


@pytest.mark.django_db
@pytest.mark.parametrize("operations", [[{"op": "create_table"}], [{}], ["x"], [{"op": "add_column", "column": None}]])
def test_operations_that_the_projects_code_made_up_are_not_kept(differing: Database, operations: list[Any]) -> None:
    assert comparisons.read(Job.objects.get(command="check"), {"operations": operations, "facts": {}}) is None


@pytest.mark.django_db
def test_check_everywhere_asks_for_each_and_names_those_it_cannot(
    differing: Database, add_database: Callable[..., Database], prod: Environment, project: Project, admin: User
) -> None:
    gone, olga = add_database(name="gone"), User.objects.create_user("olga", password="correct horse", role=Role.VIEWER)
    add_database(prod)
    Database.objects.filter(pk=gone.pk).update(state="unreachable", error="It does not answer.")
    Grant.objects.create(user=olga, role=Role.OPERATOR, project=project, environment=differing.environment)
    asked = everywhere.check_everywhere(project, user=olga)
    assert [job.database for job in asked.jobs] == [differing]
    assert [(str(database), why.split(";")[0]) for database, why in asked.refused] == [
        ("shop/dev/gone", "shop/dev/gone cannot be read, so there is no plan: It does not answer."),
        ("shop/prod", "Your role in shop/prod is Viewer"),
    ]
    again = everywhere.check_everywhere(project, user=admin)
    assert ([job.pk for job in again.under_way], [str(job.database) for job in again.jobs]) == ([asked.jobs[0].pk], ["shop/prod"])


@pytest.mark.django_db
def test_check_everywhere_is_for_those_who_may_run_checks(differing: Database, project: Project, rita: User) -> None:
    with pytest.raises(Forbidden):
        everywhere.check_everywhere(project, user=rita)


@pytest.mark.django_db
def test_rows_say_how_each_database_stands(
    differing: Database, add_database: Callable[..., Database], admin: User, project: Project, run: Callable[..., Job]
) -> None:
    behind, never = add_database(name="behind"), add_database(name="never")
    run(behind, "check", None)
    rows = {row.database.name: row for row in queries.rows(admin, project)}
    assert [(name, row.state) for name, row in sorted(rows.items())] == [("", "differs"), ("behind", "failed"), ("never", "never")]
    assert rows[""].counts == {"added": 1, "removed": 0, "changed": 0, "run": 0, "data_loss": 0, "ignored": 0}
    assert "pending revisions" in rows["behind"].why or "behind" in rows["behind"].why
    (same,) = queries.same(list(rows.values()))
    assert [(str(database), moment) for database, moment in same.places] == [("shop/dev", rows[""].since)]
    assert never.pk


@pytest.mark.django_db
def test_rows_take_the_same_queries_for_any_number_of_databases(
    differing: Database, add_database: Callable[..., Database], admin: User, project: Project,
    compared: Callable[[Database], Job], django_assert_num_queries: Any,
) -> None:  # fmt: skip
    with django_assert_num_queries(6):
        list(queries.rows(admin, project))
    for name in ("a", "b", "c"):
        compared(add_database(name=name))
    with django_assert_num_queries(6):
        assert len([row for row in queries.rows(admin, project) if row.state == "differs"]) == 4


@pytest.mark.django_db
def test_ignored_difference_is_counted_apart_until_its_rule_ends(differing: Database, admin: User, project: Project) -> None:
    def states() -> list[tuple[str, int]]:
        return [(row.state, len(row.ignored)) for row in queries.rows(admin, project)]

    rule = ignoring.ignore(project, user=admin, reason="made by the queue", **NEW_TABLE)
    assert states() == [("in_step", 1)]
    IgnoredDifference.objects.filter(pk=rule.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert states() == [("differs", 0)], "an expired rule hides nothing"
    other = ignoring.ignore(project, user=admin, reason="not ours", pattern="t_n*", database=differing)
    assert states() == [("in_step", 1)]
    ignoring.take_back(other, user=admin)
    assert states() == [("differs", 0)]
    with pytest.raises(Conflict):
        ignoring.take_back(other, user=admin)
    actions = AuditEntry.objects.filter(object__startswith="ignore rule").order_by("seq").values_list("action", flat=True)
    assert list(actions) == ["difference.ignore", "difference.ignore", "difference.show"]


@pytest.mark.django_db
def test_rule_counts_in_a_protected_environment_once_a_second_person_approved_it(
    differing: Database, add_database: Callable[..., Database], prod: Environment, admin: User, rita: User, project: Project
) -> None:
    there = add_database(prod)
    rule = ignoring.ignore(project, user=admin, reason="made by the queue", **NEW_TABLE)
    assert (ignoring.needs_second(rule), ledger.counts_in(rule, differing.environment, differing), ledger.counts_in(rule, prod, there)) == (
        True, True, False,
    )  # fmt: skip
    assert list(Notice.objects.filter(kind="ignore_wanted").values_list("user__username", "url")) == [
        ("rita", f"/projects/shop/drift/ignored/#rule-{rule.pk}")
    ]
    with pytest.raises(Forbidden, match="somebody else"):
        ignoring.decide(rule, user=admin, decision="approve")
    ignoring.decide(rule, user=rita, decision="approve", comment="yes")
    assert (ignoring.needs_second(rule), ledger.counts_in(rule, prod, there)) == (False, True)
    with pytest.raises(Conflict, match="approved already"):
        ignoring.decide(rule, user=rita, decision="reject")


@pytest.mark.django_db
def test_rejected_rule_hides_nothing_anywhere(differing: Database, prod: Environment, admin: User, rita: User, project: Project) -> None:
    rule = ignoring.ignore(project, user=admin, reason="noise", **NEW_TABLE)
    ignoring.decide(rule, user=rita, decision="reject", comment="it is ours")
    assert [row.state for row in queries.rows(admin, project)] == ["differs"]
    assert list(ledger.alive(project)) == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "asked"),
    [
        ("reason", NEW_TABLE | {"reason": " "}),
        ("expires_at", NEW_TABLE | {"expires_at": timezone.now() - timedelta(days=1)}),
        ("expires_at", NEW_TABLE | {"expires_at": timezone.now() + timedelta(days=400)}),
        ("kind", NEW_TABLE | {"kind": "statement"}),
        ("what", NEW_TABLE | {"what": "run"}),
        ("table", NEW_TABLE | {"table": ""}),
        ("name", {"kind": "type", "what": "changed", "table": "t"}),
        ("pattern", {"pattern": "*"}),
        ("pattern", NEW_TABLE | {"pattern": "t_*"}),
        ("pattern", {"pattern": "t\n*"}),
    ],
)
def test_rule_that_makes_no_sense_is_refused_at_its_field(project: Project, admin: User, field: str, asked: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        ignoring.ignore(project, user=admin, **({"reason": "noise"} | asked))
    assert set(refused.value.fields) == {field}
    assert not IgnoredDifference.objects.exists()


def counted(database: Database) -> int:
    return Database.objects.get(pk=database.pk).differences


@pytest.mark.django_db
def test_check_counts_beside_the_state_of_its_database(checked: Database, run: Callable[..., Job]) -> None:
    assert counted(checked) == 1
    job = run(checked, "downgrade", "two")
    assert (job.status, counted(checked)) == ("succeeded", 0), "what was found there says nothing of where it is now"


@pytest.mark.django_db
def test_rules_that_come_and_go_change_the_count_at_once(differing: Database, admin: User) -> None:
    assert counted(differing) == 1
    rule = ignoring.ignore(differing.project, user=admin, reason="noise", **NEW_TABLE)
    assert counted(differing) == 0
    ignoring.take_back(rule, user=admin)
    assert counted(differing) == 1


@pytest.mark.django_db
def test_rule_that_ends_by_itself_lets_its_difference_count_again(differing: Database, admin: User) -> None:
    rule = ignoring.ignore(differing.project, user=admin, reason="noise", **NEW_TABLE)
    long_ago = timezone.now() - timedelta(days=3)  # and nothing has run since
    IgnoredDifference.objects.filter(pk=rule.pk).update(expires_at=long_ago)
    Database.objects.filter(pk=differing.pk, differences_until=rule.expires_at).update(differences_until=long_ago)
    assert counted(differing) == 0
    tally.sweep()
    assert counted(differing) == 1
    assert not Database.objects.exclude(differences_until=None).exists(), "nothing is due any more"
