"""Which rules hold: exception before environment before open; protected without a policy denies."""

import importlib
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from accounts.models import User
from audit.models import AuditEntry
from environments import policies, services
from environments.models import Database, Environment, Policy
from migrations_store.models import Project, SourceKind


@pytest.fixture
def database(make_database: Any, sqlite_file: Path) -> Database:
    made: Database = make_database(f"sqlite:///{sqlite_file}")
    return made


def protect(environment: Environment) -> None:
    Environment.objects.filter(pk=environment.pk).update(protected=True)
    environment.refresh_from_db()


def test_rules_without_protection_and_policy_are_open(database: Database) -> None:
    rules = policies.rules_for(database)
    assert (rules.source, rules.version, rules.missing, rules.approvals) == ("open", 0, False, 0)
    assert (rules.lock_timeout, rules.statement_timeout) == (5, 0), "the environment's own"
    assert not any([rules.forbid_downgrade, rules.forbid_stamp, rules.forbid_non_atomic, rules.forbid_data_loss, rules.require_previous])


def test_rules_of_a_protected_environment_without_policy_are_missing(database: Database, dev: Environment) -> None:
    protect(dev)
    rules = policies.rules_for(database)
    assert (rules.source, rules.missing, rules.break_glass) == ("missing", True, False)
    assert "has no policy" in policies.denial(dev)


def test_rules_are_the_environments_policy(database: Database, dev: Environment) -> None:
    Policy.objects.create(environment=dev, approvals=2, version=7, lock_timeout=0, windows=[{"days": [0], "from": "22:00", "to": "06:00"}])
    rules = policies.rules_for(database)
    assert (rules.source, rules.approvals, rules.version, rules.lock_timeout) == ("environment", 2, 7, 0)
    assert rules.facts()["windows"] == [{"days": [0], "from": "22:00", "to": "06:00"}]


def test_rules_of_an_exception_take_the_place_of_the_policy_as_a_whole(database: Database, dev: Environment, project: Project) -> None:
    protect(dev)
    Policy.objects.create(environment=dev, approvals=2, forbid_stamp=True, statement_timeout=30)
    Policy.objects.create(environment=dev, project=project, approvals=0)
    rules = policies.rules_for(database)
    assert (rules.source, rules.approvals, rules.forbid_stamp, rules.statement_timeout) == ("exception", 0, False, 0)
    other = Project.objects.create(slug="other", name="Other", source_kind=SourceKind.DIRECTORY, source_path="/srv/other")
    assert policies.rules_in(dev, other).approvals == 2
    assert policies.rules_in(dev, None).approvals == 2


def test_rules_of_an_exception_alone_leave_other_projects_without_policy(dev: Environment, project: Project) -> None:
    protect(dev)
    Policy.objects.create(environment=dev, project=project)
    assert policies.rules_in(dev, None).missing
    assert not policies.rules_in(dev, project).missing


@pytest.mark.parametrize("for_project", [False, True])
def test_policy_is_one_for_each_place(dev: Environment, project: Project, for_project: bool) -> None:
    where = {"environment": dev, "project": project if for_project else None}
    Policy.objects.create(**where)
    with pytest.raises(IntegrityError), transaction.atomic():
        Policy.objects.create(**where)


def test_create_environment_that_is_protected_gives_it_the_usual_policy(admin: User) -> None:
    made = services.create_environment(user=admin, fields={"slug": "prod", "protected": True})
    rules = policies.rules_in(made, None)
    assert (rules.source, rules.approvals, rules.approver_role, rules.version) == ("environment", 1, "reviewer", 1)
    assert list(AuditEntry.objects.values_list("action", "object")) == [
        ("environment.create", "environment prod"),
        ("policy.create", "policy prod"),
    ]


def test_create_environment_that_is_open_gives_it_none(admin: User) -> None:
    assert not services.create_environment(user=admin, fields={"slug": "test"}).policies.exists()


def test_update_environment_that_protects_it_keeps_the_policy_it_has(admin: User, dev: Environment) -> None:
    Policy.objects.create(environment=dev, approvals=3)
    services.update_environment(dev, user=admin, fields={"protected": True})
    assert policies.rules_in(dev, None).approvals == 3


def test_update_environment_that_is_protected_does_not_bring_a_deleted_policy_back(admin: User, dev: Environment) -> None:
    protect(dev)
    services.update_environment(dev, user=admin, fields={"name": "Dev"})
    assert policies.rules_in(dev, None).missing


def test_migration_gives_environments_that_are_protected_a_policy(dev: Environment) -> None:
    Environment.objects.create(slug="prod", name="prod", protected=True)
    migration = importlib.import_module("environments.migrations.0003_policy_of_protected")
    migration.give_policies(apps, None)
    assert list(Policy.objects.values_list("environment__slug", "approvals", "approver_role")) == [("prod", 1, "reviewer")]
