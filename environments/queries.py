"""Finding environments and databases: those that the user may look at, and no others."""

import uuid
from typing import Any

from django.db.models import F, Q, QuerySet

from accounts.models import User
from accounts.permissions import Action, reach
from config.errors import Invalid, NotFound
from environments.models import ChangeStatus, Database, DatabaseState, Environment, Policy, PolicyChange
from migrations_store.models import Project


def environments(user: User) -> QuerySet[Environment]:
    """In their order."""
    return Environment.objects.filter(reach(user, Action.VIEW).q(None, "pk"))


def get_environment(user: User, slug: str) -> Environment:
    found = environments(user).filter(slug=_storable(slug)).first()
    if found is None:
        raise NotFound(f"There is no environment {str(slug)[:64]!r}.")
    return found


def get_database(user: User, id: str | uuid.UUID) -> Database:
    try:
        key = uuid.UUID(str(id))
    except ValueError:
        raise NotFound(f"There is no database {str(id)[:64]!r}: an id looks like 9b2f1c1e-….") from None
    found = databases(user).filter(pk=key).first()
    if found is None:
        raise NotFound(f"There is no database {key}.")
    return found


def databases(
    user: User, *, project: Project | str | None = None, environment: Environment | str | None = None, state: str | None = None,
    differing: bool | None = None,
) -> QuerySet[Database]:  # fmt: skip
    """By project, environment (objects or slugs), state, and whether a check found differences; None or "" does not filter."""
    if state and state not in DatabaseState.values:
        raise Invalid(f"There is no state {state[:40]!r}; use one of {', '.join(DatabaseState.values)}.", {"state": "Not a state."})
    found = Database.objects.select_related("project", "environment").filter(reach(user, Action.VIEW).q())
    if project:
        found = found.filter(**_by("project", project))
    if environment:
        found = found.filter(**_by("environment", environment))
    if differing is not None:
        found = found.filter(differences__gt=0) if differing else found.filter(differences=0)
    return found.filter(state=state) if state else found


def policy_changes(user: User, *, environment: Environment | str | None = None, status: str | None = None) -> QuerySet[PolicyChange]:
    """Newest first; those that concern all projects are for everybody who sees the environment."""
    if status and status not in ChangeStatus.values:
        raise Invalid(f"There is no status {status[:40]!r}; use one of {', '.join(ChangeStatus.values)}.", {"status": "Not a status."})
    seen = reach(user, Action.VIEW)
    found = PolicyChange.objects.select_related("environment", "project", "database__project", "database__environment")
    found = found.select_related("proposed_by", "decided_by")
    if not seen.everywhere:  # an empty Q or another is the other alone
        found = found.filter(seen.q() | (Q(project__isnull=True) & seen.q(None, "environment")))
    if environment:
        found = found.filter(**_by("environment", environment))
    return found.filter(status=status) if status else found


def get_policy_change(user: User, id: str) -> PolicyChange:
    found = policy_changes(user).filter(pk=int(id)).first() if id.isascii() and id.isdigit() and len(id) < 10 else None
    if found is None:
        raise NotFound(f"There is no policy change {id[:20]!r}.")
    return found


def waiting_move(database: Database) -> PolicyChange | None:
    """The move out of its protected environment that waits for a second person."""
    return PolicyChange.objects.filter(database=database, status=ChangeStatus.WAITING).first()


def policies_of(environment: Environment) -> QuerySet[Policy]:
    """Those of projects; the one for all has no project, and comes first."""
    return environment.policies.select_related("project", "environment").order_by(F("project__slug").asc(nulls_first=True))


def _by(name: str, wanted: Project | Environment | str) -> dict[str, Any]:
    return {f"{name}__slug": _storable(wanted)} if isinstance(wanted, str) else {name: wanted}


def _storable(slug: str) -> str:
    """Never longer than a slug can be, and without what a store refuses to be asked for."""
    return str(slug)[:100].replace("\0", " ").encode("utf-8", "replace").decode()
