"""Who may do what: the one function that pages and API both ask."""

from enum import StrEnum

from accounts.models import Role, User
from config.errors import Forbidden


class Action(StrEnum):
    """What can be done, from the least to the most."""

    VIEW = "view"
    CHECK = "check"  # read version tables, read code again, build plans
    RUN = "run"  # request and cancel jobs
    CONFIGURE = "configure"  # projects, environments, databases, users


ALLOWED: dict[str, frozenset[Action]] = {
    Role.VIEWER: frozenset({Action.VIEW}),
    Role.OPERATOR: frozenset({Action.VIEW, Action.CHECK, Action.RUN}),
    Role.ADMIN: frozenset(Action),
}


def may(user: User, action: Action) -> bool:
    """Whether the user's role includes the action; nobody who is inactive may do anything."""
    return user.is_active and action in ALLOWED.get(user.role, frozenset())


def require(user: User, action: Action) -> None:
    """Raises Forbidden, naming the role that is needed."""
    if not may(user, action):
        needed = next(role.label for role in Role if action in ALLOWED[role])
        raise Forbidden(f"Your role is {Role(user.role).label}; this needs {needed}. Ask an administrator to change it.")
