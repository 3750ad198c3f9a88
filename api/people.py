"""People, teams and grants: for administrators, as the pages have them. A token has shown already that it may; no password is asked for."""

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field, StrictBool

from accounts import grants, people, queries, services
from accounts.models import Grant, Team, User
from api.auth import user_of
from api.paging import PageQuery, listed
from api.schemas import Body, Listed, Shown, Time
from api.times import shown
from config.errors import Invalid
from environments.queries import get_environment
from migrations_store.queries import get_project

users, teams, of_grants = Router(tags=["people"]), Router(tags=["people"]), Router(tags=["people"])
RoleName = Literal["none", "viewer", "reviewer", "operator", "lead", "auditor", "admin"]


class NewUser(Body):
    username: str = Field(max_length=150)
    password: str = Field(max_length=500)
    role: RoleName = "none"


class UserChanges(Body):
    """`role` holds everywhere. Who is not `active` is out at once, and their tokens are gone."""

    role: RoleName | None = None
    active: StrictBool | None = None
    email: str | None = Field(None, max_length=254)


class TeamFields(Body):
    """`members` are user names; they replace those that are in it."""

    name: str = Field(max_length=100)
    members: list[str] = Field([], max_length=1000)


class NewGrant(Body):
    """For a `user` or a `team`; without `project` in all of them, without `environment` too."""

    user: str | None = None
    team: str | None = None
    role: RoleName
    project: str | None = None
    environment: str | None = None


class UserShown(Shown):
    """`teams` are their names."""

    id: str
    username: str
    role: str
    active: bool
    email: str
    teams: list[str]
    created_at: Time


class TeamShown(Shown):
    """`members` are user names."""

    id: str
    name: str
    members: list[str]


class GrantShown(Shown):
    """`project` and `environment` are slugs; null is all of them."""

    id: str
    user: str | None
    team: str | None
    role: str
    project: str | None
    environment: str | None


@users.get("", response=Listed[UserShown], summary="List people")
def list_users(request: HttpRequest, page: PageQuery) -> dict[str, Any]:
    return listed(queries.people(user_of(request)), page, lambda rows: [_user(row) for row in rows])


@users.post("", response={201: UserShown}, summary="Add somebody")
def create_user(request: HttpRequest, payload: NewUser) -> Status[dict[str, Any]]:
    made = services.create_user(by=user_of(request), **payload.model_dump())
    return Status(201, _user(made))


@users.patch("/{username}", response=UserShown, summary="Change somebody's role, or let them out")
def change_user(request: HttpRequest, username: str, payload: UserChanges) -> dict[str, Any]:
    by = user_of(request)
    given = {("is_active" if name == "active" else name): value for name, value in payload.given().items() if value is not None}
    people.update_user(queries.named_person(by, username), by=by, fields=given)
    return _user(queries.named_person(by, username))


@teams.get("", response=Listed[TeamShown], summary="List teams")
def list_teams(request: HttpRequest, page: PageQuery) -> dict[str, Any]:
    return listed(queries.teams(user_of(request)).prefetch_related("members"), page, lambda rows: [_team(row) for row in rows])


@teams.post("", response={201: TeamShown}, summary="Add a team")
def create_team(request: HttpRequest, payload: TeamFields) -> Status[dict[str, Any]]:
    by = user_of(request)
    return Status(201, _team(grants.create_team(by=by, name=payload.name, members=_members(by, payload.members))))


@teams.put("/{id}", response=TeamShown, summary="Change a team's name and who is in it")
def change_team(request: HttpRequest, id: int, payload: TeamFields) -> dict[str, Any]:
    by = user_of(request)
    team = queries.get_team(by, id)
    return _team(grants.update_team(team, by=by, name=payload.name, members=_members(by, payload.members)))


@teams.delete("/{id}", response={204: None}, summary="Delete a team with its grants")
def delete_team(request: HttpRequest, id: int) -> Status[None]:
    by = user_of(request)
    grants.delete_team(queries.get_team(by, id), by=by)
    return Status(204, None)


@of_grants.get("", response=Listed[GrantShown], summary="List grants")
def list_grants(request: HttpRequest, page: PageQuery) -> dict[str, Any]:
    return listed(queries.all_grants(user_of(request)), page, lambda rows: [_grant(row) for row in rows])


@of_grants.post("", response={201: GrantShown}, summary="Grant a role in a scope")
def create_grant(request: HttpRequest, payload: NewGrant) -> Status[dict[str, Any]]:
    by = user_of(request)
    if bool(payload.user) == bool(payload.team):
        raise Invalid("Name a user or a team, and not both.", {"user": "A user or a team."})
    to = queries.named_person(by, payload.user) if payload.user else queries.named_team(by, payload.team or "")
    project = get_project(by, payload.project) if payload.project else None
    environment = get_environment(by, payload.environment) if payload.environment else None
    return Status(201, _grant(grants.create_grant(by=by, to=to, role=payload.role, project=project, environment=environment)))


@of_grants.delete("/{id}", response={204: None}, summary="Take a grant back")
def delete_grant(request: HttpRequest, id: int) -> Status[None]:
    by = user_of(request)
    grants.delete_grant(queries.get_grant(by, id), by=by)
    return Status(204, None)


def _members(by: User, names: list[str]) -> list[User]:
    """Invalid names those that are nobody's."""
    found = {user.username: user for user in queries.people(by).filter(username__in=names)}
    if missing := [name for name in names if name not in found]:
        raise Invalid(f"There is no user {', '.join(repr(name[:40]) for name in missing[:5])}.", {"members": "Use user names."})
    return list(found.values())


def _user(user: User) -> dict[str, Any]:
    names = [team.name for team in user.teams.all()]
    facts = {"id": str(user.pk), "username": user.username, "role": user.role, "active": user.is_active, "email": user.email}
    return facts | {"teams": names, "created_at": shown(user.date_joined)}


def _team(team: Team) -> dict[str, Any]:
    return {"id": str(team.pk), "name": team.name, "members": sorted(user.username for user in team.members.all())}


def _grant(grant: Grant) -> dict[str, Any]:
    holder = {"user": grant.user.username if grant.user else None, "team": grant.team.name if grant.team else None}
    places = {
        "project": str(grant.project) if grant.project else None,
        "environment": str(grant.environment) if grant.environment else None,
    }
    return {"id": str(grant.pk), **holder, "role": str(grant.role), **places}
