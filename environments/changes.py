"""Changing policies. In a protected environment a change waits for a second person; elsewhere it takes effect at once."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from accounts.permissions import Action, people_who_may, require
from audit.services import record
from config.errors import Forbidden, Invalid
from config.rows import hold
from environments.errors import ChangeOver, NobodyElse
from environments.fields import Fields
from environments.models import ChangeKind, ChangeStatus, Database, Environment, Policy, PolicyChange
from environments.policies import values_of
from environments.policy_fields import read_policy
from migrations_store.models import Project
from notices.services import tell

LONGEST = 2000
# What a policy leans on: changed in a protected environment, they would be a way around it.
GUARDED = ("protected", "position", "lock_timeout", "statement_timeout")


def change_policy(
    environment: Environment, *, user: User, fields: Fields, project: Project | None = None, reason: str = ""
) -> PolicyChange | None:
    """Sets what is named, or makes the policy with it; None if that changes nothing."""
    require(user, Action.POLICY, project=project, environment=environment)
    with transaction.atomic():
        hold(environment)
        policy = Policy.objects.filter(environment=environment, project=project).first()
        before, after = values_of(policy), read_policy(policy, fields)
        changed = {name: value for name, value in after.items() if name not in before or before[name] != value}
        if changed.get("backup_command"):
            require(user, Action.CONFIGURE)  # it runs on the worker's machine
        if not changed and policy:
            return None
        change = PolicyChange(environment=environment, project=project, kind=ChangeKind.POLICY, version=policy.version if policy else 0)
        change.before, change.after = {name: before[name] for name in changed if name in before}, changed
        return propose(change, user=user, reason=reason)


def delete_policy(environment: Environment, *, user: User, project: Project | None = None, reason: str = "") -> PolicyChange | None:
    """Without its exception a project falls under the environment's policy; without that, a protected environment denies everything."""
    require(user, Action.POLICY, project=project, environment=environment)
    with transaction.atomic():
        hold(environment)
        policy = Policy.objects.filter(environment=environment, project=project).first()
        if policy is None:
            return None
        change = PolicyChange(environment=environment, project=project, kind=ChangeKind.DELETION, version=policy.version)
        change.before = values_of(policy)
        return propose(change, user=user, reason=reason)


def move_database(database: Database, *, to: Environment, user: User) -> PolicyChange:
    """Out of a protected environment."""
    change = PolicyChange(environment=database.environment, project=database.project, database=database, kind=ChangeKind.MOVE)
    change.before, change.after = {"environment": database.environment.slug}, {"environment": to.slug}
    return propose(change, user=user)


def propose(change: PolicyChange, *, user: User, reason: str = "") -> PolicyChange:
    """Keeps it until a second person decides, or carries it out where nobody has to."""
    _short_enough("reason", reason)
    change.proposed_by, change.reason = user, reason.strip()
    with transaction.atomic():
        environment = _locked(change)
        if environment.protected:
            _somebody_else(change, user)
        else:
            change.status, change.decided_at = ChangeStatus.APPLIED, Now()
        change.save()
        record(user.username, "policy.propose", object_of(change), **_detail(change), reason=change.reason)
        if environment.protected:
            _ask(change, user)
        else:
            _carry_out(change, user)
    change.refresh_from_db()
    return change


def decide(change: PolicyChange, *, user: User, decision: str, comment: str = "") -> PolicyChange:
    """Approves or rejects a change that somebody else has proposed. The first decision counts."""
    require(user, Action.POLICY, project=change.project, environment=change.environment)
    if decision not in ("approve", "reject"):
        raise Invalid("Decide by approve or reject.", {"decision": "Use approve or reject."})
    if change.proposed_by_id == user.pk:
        raise Forbidden("You proposed this change, so somebody else has to decide it; a token of yours is you, too. You may withdraw it.")
    _short_enough("comment", comment)
    with transaction.atomic():
        _locked(change)
        _take(change, ChangeStatus.APPROVED if decision == "approve" else ChangeStatus.REJECTED, user, comment)
        holds = decision == "reject" or _still_holds(change)
        if holds:
            record(user.username, f"policy.{decision}", object_of(change), **_detail(change), comment=comment.strip())
        else:
            _supersede(change, user)
        if holds and decision == "approve":
            _carry_out(change, user)
    change.refresh_from_db()
    if not holds:
        raise ChangeOver(
            "What this change began from is no longer there, so it was not carried out. Look at the rules, and propose it again."
        )
    return change


def withdraw(change: PolicyChange, *, user: User) -> PolicyChange:
    """By the one who proposed it."""
    if change.proposed_by_id != user.pk:
        raise Forbidden(f"Only {change.proposed_by.display_name} may withdraw this change; others approve or reject it.")
    with transaction.atomic():
        _locked(change)
        _take(change, ChangeStatus.WITHDRAWN, user, "")
        record(user.username, "policy.withdraw", object_of(change), **_detail(change))
    change.refresh_from_db()
    return change


def object_of(change: PolicyChange) -> str:
    """As the record names it."""
    if change.kind == ChangeKind.ENVIRONMENT:
        return f"environment {change.environment.slug}"
    if change.kind == ChangeKind.MOVE:
        return f"database {change.database}"
    return f"policy {change.environment.slug}" + (f"/{change.project.slug}" if change.project else "")


def _ask(change: PolicyChange, user: User) -> None:
    """Whoever may decide is told."""
    place: dict[str, Any] = {"project": change.project, "environment": change.environment}
    people = people_who_may(Action.POLICY, **place).exclude(pk=user.pk)
    text = f"{user.display_name} proposes to change {object_of(change)}{': ' if change.reason else ''}{change.reason}"
    tell("policy_change_wanted", text=text, url=f"/settings/environments/{change.environment.slug}/", people=people, **place)


def _locked(change: PolicyChange) -> Environment:
    """Whoever changes the rules of an environment goes one after the other. What will be changed is locked before the first entry of the
    record is written, for that is locked by everybody else last."""
    environment = change.environment
    hold(environment)
    if change.database_id:
        list(Database.objects.select_for_update(no_key=True).filter(pk=change.database_id).values_list("pk"))
    return environment


def _somebody_else(change: PolicyChange, user: User) -> None:
    if not people_who_may(Action.POLICY, project=change.project, environment=change.environment).exclude(pk=user.pk).exists():
        raise NobodyElse(
            f"{change.environment.name} is protected, so a second person has to approve this, and nobody but you may. "
            "Nothing was changed. Add a second lead or administrator under Settings, People, then propose it again."
        )


def _take(change: PolicyChange, status: ChangeStatus, user: User, comment: str) -> None:
    """Changes the status of a change that still waits; whoever comes second finds none."""
    waiting = PolicyChange.objects.filter(pk=change.pk, status=ChangeStatus.WAITING)
    if not waiting.update(status=status, decided_by=user, decided_at=Now(), comment=comment.strip()):
        change.refresh_from_db()
        raise ChangeOver(f"This change is {change.get_status_display().lower()} already; there is nothing to decide any more.")


def _still_holds(change: PolicyChange) -> bool:
    if change.kind in (ChangeKind.POLICY, ChangeKind.DELETION):
        policy = Policy.objects.filter(environment=change.environment_id, project=change.project_id).first()
        return change.version == (policy.version if policy else 0)
    if change.kind == ChangeKind.MOVE and change.database is not None:
        there = Database.objects.filter(project=change.project_id, environment__slug=change.after["environment"], name=change.database.name)
        room = Environment.objects.filter(slug=change.after["environment"]).exists() and not there.exists()
        return room and Database.objects.filter(pk=change.database.pk, environment=change.environment_id).exists()
    return Environment.objects.filter(pk=change.environment_id, **change.before).exists()


def _carry_out(change: PolicyChange, user: User) -> None:
    where: dict[str, Any] = {"environment": change.environment, "project": change.project}
    if change.kind == ChangeKind.POLICY:
        Policy.objects.update_or_create(**where, defaults=change.after | {"version": change.version + 1})
    elif change.kind == ChangeKind.DELETION:
        Policy.objects.filter(**where).delete()
    elif change.kind == ChangeKind.MOVE and change.database is not None:
        target = Environment.objects.get(slug=change.after["environment"])
        Database.objects.filter(pk=change.database.pk).update(environment=target)  # _still_holds has seen that there is room
    else:
        Environment.objects.filter(pk=change.environment_id).update(**change.after)
    record(user.username, f"policy.{'delete' if change.kind == ChangeKind.DELETION else 'change'}", object_of(change), **_detail(change))
    same = PolicyChange.objects.filter(**where, database=change.database, status=ChangeStatus.WAITING).exclude(pk=change.pk)
    for other in same.select_related("environment", "project", "database"):
        if not _still_holds(other):
            _supersede(other, user)


def _supersede(change: PolicyChange, user: User) -> None:
    PolicyChange.objects.filter(pk=change.pk).update(status=ChangeStatus.SUPERSEDED, decided_by=None, decided_at=Now())
    record(user.username, "policy.supersede", object_of(change), **_detail(change))


def _detail(change: PolicyChange) -> dict[str, Any]:
    return {
        "change": change.pk,
        "kind": change.kind,
        "before": change.before,
        "after": change.after,
        "proposed_by": change.proposed_by.username,
    }


def _short_enough(name: str, text: str) -> None:
    if len(text) > LONGEST:
        raise Invalid(f"The {name} is longer than {LONGEST:,} characters.", {name: f"At most {LONGEST:,} characters."})
