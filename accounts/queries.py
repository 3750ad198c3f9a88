"""Reading people, teams and what they may do where."""

from dataclasses import dataclass

from django.db.models import Count, Prefetch, Q, QuerySet

from accounts.grants import place_words
from accounts.models import Grant, Role, Team, User
from accounts.permissions import ALLOWED, Action, may, require
from config.errors import NotFound


@dataclass(frozen=True)
class Right:
    """A role that somebody has at a place, and by what: the role everywhere, a grant of their own, or one of a team."""

    role: str
    place: str
    by: str
    actions: list[str]


def people(user: User) -> QuerySet[User]:
    """Everybody, with their teams and their own grants."""
    require(user, Action.CONFIGURE)
    grants = Grant.objects.select_related("project", "environment")
    return User.objects.order_by("-is_active", "username").prefetch_related("teams", Prefetch("grants", grants))


def get_person(user: User, id: int) -> User:
    found = people(user).filter(pk=id).first()
    if found is None:
        raise NotFound(f"There is no user {id}.")
    return found


def named_person(user: User, username: str) -> User:
    found = people(user).filter(username=username.replace("\0", " ")).first()
    if found is None:
        raise NotFound(f"There is no user {username[:40]!r}.")
    return found


def named_team(user: User, name: str) -> Team:
    found = teams(user).filter(name=name.replace("\0", " ")).first()
    if found is None:
        raise NotFound(f"There is no team {name[:40]!r}.")
    return found


def teams(user: User) -> QuerySet[Team]:
    require(user, Action.CONFIGURE)
    return Team.objects.annotate(people=Count("members")).prefetch_related(
        Prefetch("grants", Grant.objects.select_related("project", "environment"))
    )


def projects_of_teams(user: User) -> dict[Team, set[int]]:
    """The projects that teams have a grant for, by id: the user's own teams, and all for whoever configures. By name; one query."""
    found: dict[Team, set[int]] = {}
    grants = Grant.objects.filter(project__isnull=False, team__isnull=False).select_related("team").order_by("team__name")
    if not may(user, Action.CONFIGURE):
        grants = grants.filter(team__members=user)
    for grant in grants:
        if grant.team and grant.project_id:
            found.setdefault(grant.team, set()).add(grant.project_id)
    return found


def get_team(user: User, id: int) -> Team:
    found = teams(user).filter(pk=id).first()
    if found is None:
        raise NotFound(f"There is no team {id}.")
    return found


def all_grants(user: User) -> QuerySet[Grant]:
    require(user, Action.CONFIGURE)
    return Grant.objects.select_related("user", "team", "project", "environment").order_by("pk")


def get_grant(user: User, id: int) -> Grant:
    found = all_grants(user).filter(pk=id).first()
    if found is None:
        raise NotFound(f"There is no grant {id}.")
    return found


def rights(person: User) -> list[Right]:
    """What the person may do where, the role everywhere first. One query."""
    found = [_right(person.role, "every project and environment", "the role everywhere")] if person.role != Role.NONE else []
    grants = Grant.objects.filter(Q(user=person) | Q(team__members=person)).distinct().select_related("team", "project", "environment")
    for grant in grants:
        by = f"team {grant.team.name}" if grant.team else "a grant"
        found.append(_right(grant.role, place_words(grant.project, grant.environment), by))
    return found if person.is_active else []


def _right(role: str, place: str, by: str) -> Right:
    return Right(Role(role).label, place, by, [WORDS[action] for action in Action if action in ALLOWED[role]])


WORDS = {
    Action.VIEW: "look",
    Action.READ_LOGS: "read logs",
    Action.CHECK: "check and plan",
    Action.REVIEW: "approve and reject",
    Action.RUN: "run upgrades",
    Action.DOWNGRADE: "downgrade",
    Action.STAMP: "stamp",
    Action.PURGE: "purge version tables",
    Action.UNLOCK: "unlock",
    Action.BREAK_GLASS: "break the glass",
    Action.AUDIT: "read the record",
    Action.POLICY: "change policies, freeze",
    Action.CONFIGURE: "configure everything, people too",
}
