"""Several who change or delete one thing at once: one does, and the others hear that it is gone; nothing that was deleted comes back."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts import grants, people
from accounts.models import Grant, Role, Team, User
from audit.models import AuditEntry
from config.errors import NotFound
from environments import changes, freezes
from environments import services as environments
from environments.models import Database, Environment
from jobs import services as jobs
from jobs.models import Job, JobStatus
from migrations_store import services as store
from migrations_store.errors import ChangedMeanwhile, StillUsed
from migrations_store.models import Project

Act = Callable[[Any, User], object]


@pytest.fixture
def twins(admin: User, database: Database, dev: Environment) -> Callable[[str], tuple[Any, Any]]:
    """One row as two requests have read it, before either has done anything."""
    team = grants.create_team(by=admin, name="shop people", members=[admin])
    grants.create_grant(by=admin, to=team, role=Role.VIEWER)
    models = {"team": Team, "grant": Grant, "database": Database, "environment": Environment, "project": Project, "user": User}

    def read(kind: str) -> tuple[Any, Any]:
        if kind == "environment":
            environments.delete_database(database, user=admin)
        if kind == "user":
            User.objects.create(username="uma")
        first, second = (models[kind].objects.order_by("pk").last() for _ in range(2))
        return first, second

    return read


DELETES: dict[str, Act] = {
    "team": lambda row, by: grants.delete_team(row, by=by),
    "grant": lambda row, by: grants.delete_grant(row, by=by),
    "database": lambda row, by: environments.delete_database(row, user=by),
    "environment": lambda row, by: environments.delete_environment(row, user=by),
    "project": lambda row, by: store.delete_project(row, user=by),
    "user": lambda row, by: people.delete_user(row, by=by),
}
CHANGES: dict[str, Act] = {
    "team": lambda row, by: grants.update_team(row, by=by, name="others", members=[]),
    "database": lambda row, by: environments.update_database(row, user=by, fields={"name": "x"}),
    "environment": lambda row, by: environments.update_environment(row, user=by, fields={"name": "x"}),
    "project": lambda row, by: store.update_project(row, user=by, fields={"name": "x"}),
    "user": lambda row, by: people.update_user(row, by=by, fields={"first_name": "x"}),
}
RULES: dict[str, Act] = {
    "freeze": lambda row, by: freezes.freeze(row, user=by, reason="moving house"),
    "lift": lambda row, by: freezes.lift(row, user=by),
    "policy": lambda row, by: changes.change_policy(row, user=by, fields={"approvals": 2}),
    "no policy": lambda row, by: changes.delete_policy(row, user=by),
}


@pytest.mark.parametrize("kind", DELETES)
def test_only_the_first_of_two_deletes_is_one_and_is_recorded(kind: str, twins: Any, admin: User) -> None:
    first, second = twins(kind)
    DELETES[kind](first, admin)
    with pytest.raises(NotFound, match="is no longer there: somebody has deleted it meanwhile"):
        DELETES[kind](second, admin)
    assert AuditEntry.objects.filter(action=f"{kind}.delete").count() == 1


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_brings_back_nothing_that_was_deleted(kind: str, twins: Any, admin: User) -> None:
    first, second = twins(kind)
    DELETES[kind](first, admin)
    entries = AuditEntry.objects.count()
    with pytest.raises(NotFound):
        CHANGES[kind](second, admin)
    assert not type(second).objects.filter(pk=second.pk).exists()
    assert AuditEntry.objects.count() == entries


def test_nothing_is_granted_to_a_team_that_was_deleted(twins: Any, admin: User) -> None:
    """Who asks for a grant holds its receiver, so that of several who ask for the same one at once there is one grant."""
    first, second = twins("team")
    grants.delete_team(first, by=admin)
    with pytest.raises(NotFound, match="somebody has deleted it meanwhile"):
        grants.create_grant(by=admin, to=second, role=Role.OPERATOR)
    assert not Grant.objects.exists()


@pytest.mark.parametrize("rule", RULES)
def test_rules_of_an_environment_that_was_deleted_are_refused(rule: str, twins: Any, admin: User) -> None:
    first, second = twins("environment")
    environments.delete_environment(first, user=admin)
    with pytest.raises(NotFound):
        RULES[rule](second, admin)


def test_two_changes_of_a_database_both_stay(twins: Any, admin: User) -> None:
    first, second = twins("database")
    environments.update_database(first, user=admin, fields={"version_table": "v"})
    environments.update_database(second, user=admin, fields={"name": "main"})
    kept = Database.objects.get(pk=first.pk)
    assert (kept.version_table, kept.name) == ("v", "main")


def test_two_changes_of_a_project_both_stay(twins: Any, admin: User) -> None:
    first, second = twins("project")
    store.update_project(first, user=admin, fields={"env_vars": {"STAGE": "{environment}"}})
    store.update_project(second, user=admin, fields={"name": "The shop"})
    kept = Project.objects.get(pk=first.pk)
    assert (kept.env_vars, kept.name) == ({"STAGE": "{environment}"}, "The shop")


def test_a_project_whose_code_was_read_otherwise_than_it_now_is_stays_as_it_is(twins: Any, admin: User) -> None:
    first, second = twins("project")
    store.update_project(first, user=admin, fields={"working_directory": "migrations"})
    with pytest.raises(ChangedMeanwhile, match="Nothing of yours was kept"):
        store.update_project(second, user=admin, fields={"env_vars": {"STAGE": "x"}})
    kept = Project.objects.get(pk=first.pk)
    assert (kept.env_vars, kept.working_directory) == ({}, "migrations")


def test_a_freeze_is_lifted_once(twins: Any, admin: User) -> None:
    freezes.freeze(Environment.objects.get(), user=admin, reason="moving house")
    first, second = Environment.objects.get(), Environment.objects.get()
    freezes.lift(first, user=admin)
    freezes.lift(second, user=admin)
    assert AuditEntry.objects.filter(action="environment.unfreeze").count() == 1


def test_a_project_stays_while_a_job_of_it_runs(admin: User, database: Database) -> None:
    job = jobs.request_job(database, user=admin, command="upgrade", revision="head")
    Job.objects.filter(pk=job.pk).update(status=JobStatus.RUNNING)
    with pytest.raises(StillUsed, match="A job is running on shop/dev, so shop stays"):
        store.delete_project(database.project, user=admin)
    assert Job.objects.filter(pk=job.pk).exists()
    assert not AuditEntry.objects.filter(action="project.delete").exists()
    Job.objects.filter(pk=job.pk).update(status=JobStatus.QUEUED)
    store.delete_project(database.project, user=admin)
    assert not Project.objects.exists()
