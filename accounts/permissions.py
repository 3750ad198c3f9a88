"""Who may do what, and where: the one function that pages and API both ask. docs/permissions.md shows the table."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Grant, Role, User
from config.errors import Forbidden


class Action(StrEnum):
    """What can be done."""

    VIEW = "view"
    READ_LOGS = "read_logs"
    CHECK = "check"  # read version tables, read code again, build plans
    REVIEW = "review"  # approve and reject
    RUN = "run"  # request upgrades and checks, cancel
    DOWNGRADE = "downgrade"
    STAMP = "stamp"
    PURGE = "purge"  # a stamp that empties the version table first
    UNLOCK = "unlock"
    BREAK_GLASS = "break_glass"
    AUDIT = "audit"  # read and export the record
    POLICY = "policy"  # propose and decide changes of policy, freeze
    CONFIGURE = "configure"  # projects, environments, databases, people


VIEWER = frozenset({Action.VIEW, Action.READ_LOGS})
REVIEWER = VIEWER | {Action.CHECK, Action.REVIEW}
OPERATOR = VIEWER | {Action.CHECK, Action.RUN, Action.DOWNGRADE, Action.STAMP}
LEAD = REVIEWER | OPERATOR | {Action.PURGE, Action.UNLOCK, Action.BREAK_GLASS, Action.POLICY}

ALLOWED: dict[str, frozenset[Action]] = {
    Role.NONE: frozenset(),
    Role.VIEWER: VIEWER,
    Role.REVIEWER: REVIEWER,
    Role.OPERATOR: OPERATOR,
    Role.LEAD: LEAD,
    Role.AUDITOR: VIEWER | {Action.AUDIT},
    Role.ADMIN: frozenset(Action),
}


@dataclass(frozen=True)
class Scope:
    """What a grant is for: ids, None is all of them."""

    project: Any = None
    environment: Any = None

    def covers(self, project: Any, environment: Any) -> bool:
        """Whether the whole of the place is in it; None as a place is everywhere."""
        return self.project in (None, project) and self.environment in (None, environment)


@dataclass(frozen=True)
class Reach:
    """Where a user may do something: `everywhere`, or in some scopes, or nowhere."""

    everywhere: bool
    scopes: tuple[Scope, ...] = ()

    @property
    def nowhere(self) -> bool:
        return not self.everywhere and not self.scopes

    def q(self, project: str | None = "project", environment: str | None = "environment") -> Q:
        """As a filter over a model with these two fields. Without a field it is "anywhere in the other one": for lists of
        projects `q("pk", None)`, for lists of environments `q(None, "pk")`."""
        if self.everywhere:
            return Q()
        found = Q(pk__in=[])
        for scope in self.scopes:
            found |= _one(scope, project, environment)
        return found

    def touches(self, *, project: Any = None, environment: Any = None) -> bool:
        """Whether any part of the place is within it."""
        if self.everywhere:
            return True
        pairs = ((project, "project"), (environment, "environment"))
        return any(all(place is None or getattr(scope, name) in (None, place.pk) for place, name in pairs) for scope in self.scopes)


def _one(scope: Scope, project: str | None, environment: str | None) -> Q:
    pairs = ((project, scope.project), (environment, scope.environment))
    found = {field: id for field, id in pairs if field is not None and id is not None}
    return Q(**found) if found else ~Q(pk__in=[])


def may(user: User, action: Action, *, project: Any = None, environment: Any = None) -> bool:
    """Whether the role everywhere, or a grant that covers the whole of this place, includes the action. Nobody inactive may anything."""
    return any(action in ALLOWED.get(role, frozenset()) for role in _roles(user, project, environment))


def require(user: User, action: Action, *, project: Any = None, environment: Any = None) -> None:
    """Raises Forbidden, naming the role that is needed."""
    if may(user, action, project=project, environment=environment):
        return
    held = " and ".join(dict.fromkeys(Role(role).label for role in _roles(user, project, environment) if role != Role.NONE))
    place = "/".join(str(part) for part in (project, environment) if part is not None)
    here = f" in {place}" if place else ""
    yours = f"Your role{here} is {held}" if held else f"You have no role{here or ' here'}"
    raise Forbidden(f"{yours}; this needs {' or '.join(_least(action))}. Ask an administrator to change it.")


def require_part(user: User, action: Action, *, project: Any = None, environment: Any = None) -> None:
    """Raises Forbidden unless the user may do it in some part of the place: for what concerns all of a project, such as its code."""
    if not reach(user, action).touches(project=project, environment=environment):
        require(user, action, project=project, environment=environment)


def holds(user: User, role: str, *, project: Any = None, environment: Any = None) -> bool:
    """Whether the user holds this role at the place, or one that includes it."""
    return any(includes(held, role) for held in _roles(user, project, environment))


def includes(role: str, other: str) -> bool:
    """Whether whoever holds `role` may do all that `other` allows."""
    return ALLOWED.get(role, frozenset()) >= ALLOWED[other]


def reach(user: User, action: Action) -> Reach:
    """Where the user may do it. Lists are filtered by this, so that what lies outside is not found."""
    if not user.is_active:
        return Reach(everywhere=False)
    if action in ALLOWED.get(user.role, frozenset()):
        return Reach(everywhere=True)
    scopes = tuple(dict.fromkeys(scope for role, scope in _grants(user) if action in ALLOWED.get(role, frozenset())))
    return Reach(everywhere=Scope() in scopes, scopes=scopes)


def people_who_may(action: Action, *, project: Any = None, environment: Any = None, in_part: bool = False) -> QuerySet[User]:
    """The active people who may do it there; with `in_part` also those who may in one of the project's environments."""
    roles = [role for role, allowed in ALLOWED.items() if action in allowed]
    grants = Grant.objects.filter(role__in=roles)
    for name, place in (("project", project), ("environment", environment)):
        if in_part and name == "environment" and place is None:
            continue
        anywhere = Q(**{f"{name}__isnull": True})
        grants = grants.filter(anywhere if place is None else anywhere | Q(**{name: place.pk}))
    granted = Exists(grants.filter(Q(user=OuterRef("pk")) | Q(team__members=OuterRef("pk"))))
    return User.objects.filter(Q(role__in=roles) | granted, is_active=True)


def _roles(user: User, project: Any, environment: Any) -> Iterator[str]:
    """The roles that hold at the place: the one everywhere, and those of grants that cover it."""
    if not user.is_active:
        return
    yield user.role
    place = (getattr(project, "pk", None), getattr(environment, "pk", None))
    yield from (role for role, scope in _grants(user) if scope.covers(*place))


def _grants(user: User) -> list[tuple[str, Scope]]:
    """The user's own grants and their teams'. One query for each user object, which lives as long as a request."""
    if not hasattr(user, "kept_grants"):
        rows = Grant.objects.filter(Q(user=user.pk) | Q(team__members=user.pk)).order_by("pk").distinct()
        user.kept_grants = [(row[0], Scope(*row[1:])) for row in rows.values_list("role", "project_id", "environment_id")]
    return user.kept_grants


def learn_grants(users: Iterable[User]) -> None:
    """Fetches the grants of many people at once, before each is asked about. Two queries, none where all are known."""
    unknown = {user.pk: user for user in users if not hasattr(user, "kept_grants")}
    if not unknown:
        return
    kept: dict[int, dict[int, tuple[str, Scope]]] = {id: {} for id in unknown}
    direct = Grant.objects.filter(user__in=kept).values_list("user", "pk", "role", "project_id", "environment_id")
    of_teams = Grant.objects.filter(team__members__in=kept).values_list("team__members", "pk", "role", "project_id", "environment_id")
    for id, grant, role, *scope in (*direct, *of_teams):
        if id in kept:
            kept[id][grant] = (role, Scope(*scope))
    for id, user in unknown.items():
        user.kept_grants = [found for _, found in sorted(kept[id].items())]


def _least(action: Action) -> list[str]:
    """The smallest roles that include the action."""
    able = [role for role in Role if action in ALLOWED[role]]
    return [role.label for role in able if not any(ALLOWED[other] < ALLOWED[role] for other in able)]
