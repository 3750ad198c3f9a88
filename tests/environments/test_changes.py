"""Rules of a protected environment change by two people; elsewhere at once."""

import contextlib
import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Grant, Role, User
from audit.models import AuditEntry
from config.errors import Conflict, Forbidden, Invalid
from environments import changes, policies, queries, services
from environments.errors import ChangeOver, NobodyElse
from environments.models import ChangeStatus, Database, Environment, Policy, PolicyChange
from migrations_store.models import Project
from notices.models import Notice


@pytest.fixture
def prod(admin: User) -> Environment:
    return services.create_environment(user=admin, fields={"slug": "prod", "name": "Production", "position": 3, "protected": True})


@pytest.fixture
def lead(db: None) -> User:
    return User.objects.create(username="lena", role=Role.LEAD)


def values(environment: Environment) -> policies.Rules:
    return policies.rules_in(environment, None)


def test_change_policy_of_an_open_environment_takes_effect_at_once(lead: User, dev: Environment) -> None:
    change = changes.change_policy(dev, user=lead, fields={"approvals": 2})
    assert change is not None
    assert (change.status, values(dev).approvals, values(dev).version) == (ChangeStatus.APPLIED, 2, 1)
    changes.change_policy(dev, user=lead, fields={"forbid_stamp": True})
    assert (values(dev).approvals, values(dev).forbid_stamp, values(dev).version) == (2, True, 2)


def test_change_policy_that_changes_nothing_is_none(lead: User, admin: User, prod: Environment) -> None:
    assert changes.change_policy(prod, user=lead, fields={"approvals": 1}) is None
    assert not PolicyChange.objects.exists()


def test_change_policy_of_a_protected_environment_waits_for_a_second_person(lead: User, admin: User, prod: Environment) -> None:
    change = changes.change_policy(prod, user=lead, fields={"approvals": 0}, reason="Nobody is there on Sundays")
    assert change is not None
    assert (change.status, change.before, change.after) == (ChangeStatus.WAITING, {"approvals": 1}, {"approvals": 0})
    assert (values(prod).approvals, values(prod).version) == (1, 1)
    changes.decide(change, user=admin, decision="approve", comment="Fine")
    assert (change.status, change.decided_by, change.comment) == (ChangeStatus.APPROVED, admin, "Fine")
    assert (values(prod).approvals, values(prod).version) == (0, 2)
    assert list(AuditEntry.objects.values_list("actor", "action"))[2:] == [
        ("lena", "policy.propose"),
        ("ada", "policy.approve"),
        ("ada", "policy.change"),
    ]


def test_change_policy_tells_those_who_may_decide(lead: User, admin: User, prod: Environment) -> None:
    User.objects.create(username="vera", role=Role.VIEWER)
    changes.change_policy(prod, user=lead, fields={"approvals": 0}, reason="Nobody is there on Sundays")
    assert [(notice.user, notice.kind, notice.url) for notice in Notice.objects.all()] == [
        (admin, "policy_change_wanted", "/settings/environments/prod/")
    ]
    assert Notice.objects.get().text == "lena proposes to change policy prod: Nobody is there on Sundays"


def test_decide_to_reject_changes_nothing(lead: User, admin: User, prod: Environment) -> None:
    change = changes.delete_policy(prod, user=lead)
    assert change is not None
    changes.decide(change, user=admin, decision="reject", comment="No")
    assert (change.status, values(prod).missing) == (ChangeStatus.REJECTED, False)


def test_delete_policy_that_is_approved_leaves_it_missing(lead: User, admin: User, prod: Environment) -> None:
    change = changes.delete_policy(prod, user=lead)
    assert change is not None
    changes.decide(change, user=admin, decision="approve")
    assert values(prod).missing
    assert changes.delete_policy(prod, user=lead) is None
    again = changes.change_policy(prod, user=lead, fields={})
    assert again is not None
    changes.decide(again, user=admin, decision="approve")
    assert values(prod).approvals == 1


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_decide_is_not_for_the_one_who_proposed(lead: User, admin: User, prod: Environment, decision: str) -> None:
    change = changes.change_policy(prod, user=admin, fields={"approvals": 0})
    assert change is not None
    with pytest.raises(Forbidden, match="a token of yours is you"):
        changes.decide(change, user=admin, decision=decision)
    assert values(prod).approvals == 1


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER, Role.OPERATOR, Role.AUDITOR, Role.NONE])
def test_change_and_decide_need_the_permission(lead: User, admin: User, prod: Environment, role: Role) -> None:
    change, user = changes.change_policy(prod, user=lead, fields={"approvals": 0}), User.objects.create(username="v", role=role)
    assert change is not None
    calls: list[Callable[[], Any]] = [
        lambda: changes.change_policy(prod, user=user, fields={"approvals": 0}),
        lambda: changes.delete_policy(prod, user=user),
        lambda: changes.decide(change, user=user, decision="approve"),
        lambda: changes.withdraw(change, user=user),
    ]
    for call in calls:
        with pytest.raises(Forbidden):
            call()


def test_change_policy_of_one_project_is_not_enough_for_all(lead: User, admin: User, prod: Environment, project: Project) -> None:
    user = User.objects.create(username="paul", role=Role.NONE)
    Grant.objects.create(user=user, role=Role.LEAD, project=project, environment=prod)
    with pytest.raises(Forbidden):
        changes.change_policy(prod, user=user, fields={"approvals": 0})
    mine = changes.change_policy(prod, user=user, project=project, fields={"approvals": 2})
    assert mine is not None
    changes.decide(mine, user=lead, decision="approve")
    assert policies.rules_in(prod, project).approvals == 2
    theirs = changes.change_policy(prod, user=lead, fields={"approvals": 0})
    assert theirs is not None
    with pytest.raises(Forbidden):
        changes.decide(theirs, user=user, decision="approve")


def test_change_policy_alone_is_told_to_add_a_second_person(admin: User, prod: Environment) -> None:
    entries = AuditEntry.objects.count()
    with pytest.raises(NobodyElse, match="Add a second lead or administrator"):
        changes.change_policy(prod, user=admin, fields={"approvals": 0})
    with pytest.raises(NobodyElse):
        services.update_environment(prod, user=admin, fields={"protected": False, "name": "Other"})
    assert (PolicyChange.objects.count(), AuditEntry.objects.count()) == (0, entries)
    prod.refresh_from_db()
    assert (prod.protected, prod.name) == (True, "Production")


def test_a_backup_command_is_for_administrators(lead: User, admin: User, prod: Environment) -> None:
    with pytest.raises(Forbidden, match="Administrator"):
        changes.change_policy(prod, user=lead, fields={"backup_command": "pg_dump -f {file}"})
    assert changes.change_policy(prod, user=admin, fields={"backup_command": "pg_dump -f {file}"}) is not None


GUARDED = [("protected", False), ("position", 1), ("lock_timeout", 0), ("statement_timeout", 9)]


@pytest.mark.parametrize(("name", "value"), GUARDED)
def test_update_environment_that_is_protected_waits_with_what_the_policy_leans_on(
    lead: User, admin: User, prod: Environment, name: str, value: Any
) -> None:
    before = getattr(prod, name)
    change = services.update_environment(prod, user=admin, fields={name: value, "name": "Prod"}, reason="why")
    assert change is not None
    kept = Environment.objects.get(pk=prod.pk)
    assert (getattr(kept, name), kept.name, change.reason) == (before, "Prod", "why")
    changes.decide(change, user=lead, decision="approve")
    prod.refresh_from_db()
    assert getattr(prod, name) == value


def test_update_environment_compares_with_what_is_kept_and_not_with_what_the_caller_holds(admin: User, dev: Environment) -> None:
    stale = Environment.objects.get(pk=dev.pk)
    services.update_environment(dev, user=admin, fields={"protected": True})
    services.update_environment(stale, user=admin, fields={"name": "Dev"})
    assert Environment.objects.get(pk=dev.pk).protected


@pytest.fixture
def there(admin: User, prod: Environment, project: Project, tmp_path: Any) -> Database:
    fields = {"project": "shop", "environment": "prod", "name": "", "url": f"sqlite:///{tmp_path}/a.db"}
    return services.create_database(user=admin, fields=fields)


def test_update_database_out_of_a_protected_environment_waits(lead: User, admin: User, there: Database, dev: Environment) -> None:
    services.update_database(there, user=admin, fields={"environment": "dev", "version_table": "v"})
    kept = Database.objects.get(pk=there.pk)
    assert (kept.environment.slug, kept.version_table) == ("prod", "v")
    change = PolicyChange.objects.get()
    changes.decide(change, user=lead, decision="approve")
    assert Database.objects.get(pk=there.pk).environment == dev


def test_update_database_into_a_protected_environment_is_done(admin: User, prod: Environment, dev: Environment, project: Project) -> None:
    fields = {"project": "shop", "environment": "dev", "name": "", "url": "sqlite:////srv/a.db"}
    database = services.create_database(user=admin, fields=fields)
    services.update_database(database, user=admin, fields={"environment": "prod"})
    assert Database.objects.get(pk=database.pk).environment == prod


def test_decide_on_a_move_to_where_the_name_is_taken_supersedes_it(lead: User, admin: User, there: Database, dev: Environment) -> None:
    services.update_database(there, user=admin, fields={"environment": "dev"})
    fields = {"project": "shop", "environment": "dev", "name": "", "url": "sqlite:////srv/other.db"}
    services.create_database(user=admin, fields=fields)
    with pytest.raises(ChangeOver):
        changes.decide(PolicyChange.objects.get(), user=lead, decision="approve")
    assert PolicyChange.objects.get().status == ChangeStatus.SUPERSEDED


def test_decide_carries_out_only_what_it_began_from(lead: User, admin: User, prod: Environment) -> None:
    first = changes.change_policy(prod, user=lead, fields={"approvals": 0})
    second = changes.change_policy(prod, user=lead, fields={"forbid_stamp": True})
    timeouts = services.update_environment(prod, user=admin, fields={"lock_timeout": 9})
    assert first and second and timeouts  # noqa: PT018 - for the types
    changes.decide(first, user=admin, decision="approve")
    second.refresh_from_db()
    assert (second.status, values(prod).forbid_stamp) == (ChangeStatus.SUPERSEDED, False)
    assert AuditEntry.objects.filter(action="policy.supersede").count() == 1
    with pytest.raises(ChangeOver):
        changes.decide(second, user=admin, decision="approve")
    changes.decide(timeouts, user=lead, decision="approve")
    prod.refresh_from_db()
    assert prod.lock_timeout == 9, "the environment's own fields are another matter than its policy"


def test_decide_marks_a_change_superseded_and_says_so(lead: User, admin: User, prod: Environment) -> None:
    change = changes.change_policy(prod, user=lead, fields={"approvals": 0})
    assert change is not None
    Policy.objects.filter(environment=prod).update(version=5)
    with pytest.raises(ChangeOver, match="propose it again"):
        changes.decide(change, user=admin, decision="approve")
    assert PolicyChange.objects.get().status == ChangeStatus.SUPERSEDED


@pytest.mark.parametrize("first", ["approve", "reject", "withdraw"])
@pytest.mark.parametrize("second", ["approve", "reject", "withdraw"])
def test_the_first_decision_counts(lead: User, admin: User, prod: Environment, first: str, second: str) -> None:
    proposed = changes.change_policy(prod, user=lead, fields={"approvals": 0})
    assert proposed is not None
    copies = [PolicyChange.objects.get(pk=proposed.pk) for _ in range(2)]  # as two requests hold them
    decided(copies[0], first, lead, admin)
    with pytest.raises(Conflict):
        decided(copies[1], second, lead, admin)
    assert values(prod).version == (2 if first == "approve" else 1)


def decided(change: PolicyChange, how: str, proposer: User, other: User) -> None:
    if how == "withdraw":
        changes.withdraw(change, user=proposer)
    else:
        changes.decide(change, user=other, decision=how)


def test_withdraw_is_for_the_one_who_proposed(lead: User, admin: User, prod: Environment) -> None:
    change = changes.change_policy(prod, user=lead, fields={"approvals": 0})
    assert change is not None
    with pytest.raises(Forbidden):
        changes.withdraw(change, user=admin)
    changes.withdraw(change, user=lead)
    assert change.status == ChangeStatus.WITHDRAWN


@pytest.mark.parametrize(("decision", "comment"), [("perhaps", ""), ("", ""), ("approve", "x" * 2001)])
def test_decide_refuses_what_is_no_decision(lead: User, admin: User, prod: Environment, decision: str, comment: str) -> None:
    change = changes.change_policy(prod, user=lead, fields={"approvals": 0})
    assert change is not None
    with pytest.raises(Invalid):
        changes.decide(change, user=admin, decision=decision, comment=comment)


def test_changes_in_any_order_leave_versions_that_tell_who_approved(lead: User, admin: User, prod: Environment) -> None:
    """A hundred random proposals and decisions: every version of the policy is an approved change, and no proposer decided."""
    chance, people, open_changes = random.Random(7), [lead, admin], []
    numbers = itertools.count(2)
    for _ in range(100):
        user = chance.choice(people)
        if not open_changes or chance.random() < 0.5:
            change = changes.change_policy(prod, user=user, fields={"approval_hours": next(numbers)})
            assert change is not None
            open_changes.append(change)
            continue
        change = open_changes.pop(chance.randrange(len(open_changes)))
        with contextlib.suppress(Forbidden, ChangeOver):
            changes.decide(change, user=user, decision=chance.choice(["approve", "approve", "reject"]))
    approved = PolicyChange.objects.filter(status=ChangeStatus.APPROVED)
    assert values(prod).version == 1 + approved.count() > 5
    assert all(change.proposed_by_id != change.decided_by_id for change in approved)


def test_policy_changes_are_seen_by_those_within_reach(
    lead: User, admin: User, prod: Environment, dev: Environment, project: Project
) -> None:
    changes.change_policy(prod, user=lead, fields={"approvals": 0})
    changes.change_policy(prod, user=lead, project=project, fields={"approvals": 0})
    changes.change_policy(dev, user=lead, fields={"approvals": 1})
    other = Project.objects.create(slug="other", name="Other", source_kind="directory", source_path="/srv/other")
    changes.change_policy(prod, user=lead, project=other, fields={"approvals": 0})
    paul = User.objects.create(username="paul", role=Role.NONE)
    Grant.objects.create(user=paul, role=Role.VIEWER, project=project, environment=prod)

    def seen(user: User) -> set[tuple[str, str]]:
        return {(change.environment.slug, change.project.slug if change.project else "") for change in queries.policy_changes(user)}

    assert seen(admin) == {("prod", ""), ("prod", "shop"), ("prod", "other"), ("dev", "")}
    assert seen(paul) == {("prod", ""), ("prod", "shop")}
    assert seen(User.objects.create(username="nobody", role=Role.NONE)) == set()
