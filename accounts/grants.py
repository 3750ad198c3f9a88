"""Teams, and grants: roles for people and teams in a project, an environment, both, or everywhere. Administrators alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import IntegrityError, transaction

from accounts.errors import NameTaken
from accounts.models import Grant, Role, Team, User
from accounts.permissions import Action, require
from audit.services import record
from config.errors import Invalid
from config.rows import hold

GRANTED = tuple(role for role in Role if role not in (Role.NONE, Role.ADMIN))


def create_team(*, by: User, name: str, members: Sequence[User] = ()) -> Team:
    require(by, Action.CONFIGURE)
    team = Team(name=_named(name))
    with _unique(team.name), transaction.atomic():
        team.save(force_insert=True)
        team.members.set(members)
        record(by.username, "team.create", f"team {team.name}", joined=sorted(user.username for user in members))
    return team


def update_team(team: Team, *, by: User, name: str, members: list[User]) -> Team:
    """Its name, and who is in it: whoever leaves loses what only the team granted, with the next request."""
    require(by, Action.CONFIGURE)
    name = _named(name)
    with _unique(name), transaction.atomic():
        hold(team)
        team.name = name
        team.save()
        before = {user.username for user in team.members.all()}
        team.members.set(members)
        after = {user.username for user in members}
        record(by.username, "team.update", f"team {team.name}", joined=sorted(after - before), left=sorted(before - after))
    return team


def delete_team(team: Team, *, by: User) -> None:
    """Its grants go with it."""
    require(by, Action.CONFIGURE)
    with transaction.atomic():
        hold(team, to_delete=True)
        record(by.username, "team.delete", f"team {team.name}", grants=[describe(grant) for grant in _with_scope(team.grants.all())])
        team.delete()


def create_grant(*, by: User, to: User | Team, role: str, project: Any = None, environment: Any = None) -> Grant:
    """`project` and `environment` are the objects; None is all of them."""
    require(by, Action.CONFIGURE)
    if role not in GRANTED:
        names = ", ".join(role.label for role in GRANTED)
        raise Invalid(f"A grant gives one of these roles: {names}. Administrators are so everywhere.", {"role": "Choose one of the list."})
    holder = {"user": to, "team": None} if isinstance(to, User) else {"user": None, "team": to}
    with transaction.atomic():
        hold(to)  # two grants of the same thing would have to be taken back twice
        fields = holder | {"role": role, "project": project, "environment": environment}
        if same := Grant.objects.filter(**fields).first():
            return same
        grant = Grant.objects.create(**fields)
        record(by.username, "grant.create", f"grant {grant.pk}", **_facts(grant))
    return grant


def delete_grant(grant: Grant, *, by: User) -> None:
    """Takes effect with the next request."""
    require(by, Action.CONFIGURE)
    with transaction.atomic():
        hold(grant, to_delete=True)
        record(by.username, "grant.delete", f"grant {grant.pk}", **_facts(grant))
        grant.delete()


def describe(grant: Grant) -> str:
    """Such as "Operator in every project, environment dev"."""
    return f"{Role(grant.role).label} in {place_words(grant.project, grant.environment)}"


def place_words(project: Any, environment: Any) -> str:
    if project is None and environment is None:
        return "every project and environment"
    if environment is None:
        return f"project {project}, every environment"
    return f"{f'project {project}' if project else 'every project'}, environment {environment}"


def _facts(grant: Grant) -> dict[str, Any]:
    holder = f"team {grant.team.name}" if grant.team else f"user {grant.user.username if grant.user else ''}"
    places = {"project": str(grant.project or ""), "environment": str(grant.environment or "")}
    return {"to": holder, "role": str(grant.role)} | places


def _with_scope(grants: Any) -> Any:
    return grants.select_related("project", "environment")


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > 100 or not name.isprintable():
        raise Invalid("Give the team a name of 1 to 100 characters.", {"name": "1 to 100 characters."})
    return name


@contextmanager
def _unique(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        raise NameTaken(f"There already is a team {name}. Choose another name.") from None
