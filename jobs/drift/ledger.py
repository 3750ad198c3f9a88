"""Which rules for ignored differences count where. Reading only."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, reach
from config.errors import NotFound
from environments.models import Database, Environment
from migrations_store.differences import ignoring
from migrations_store.models import IgnoredDifference, Project

Decision = IgnoredDifference.Decision


def alive(*projects: Any) -> QuerySet[IgnoredDifference]:
    """Of these projects, or ids of projects: neither expired nor rejected nor taken back. In a protected environment they still need
    their second person."""
    found = IgnoredDifference.objects.filter(project__in=projects, taken_back_at=None, expires_at__gt=timezone.now())
    return found.exclude(decision=Decision.REJECT)


def counts_in(rule: IgnoredDifference, environment: Environment | None, database: Database | None = None) -> bool:
    """Whether the rule hides anything there. None: nowhere in particular, where only a rule for all of the project counts."""
    if rule.environment_id is not None and rule.environment_id != getattr(environment, "pk", None):
        return False
    if rule.database_id is not None and rule.database_id != getattr(database, "pk", None):
        return False
    return rule.decision == Decision.APPROVE or environment is None or not environment.protected


def marked(
    entries: Iterable[dict[str, Any]], rules: Iterable[IgnoredDifference], environment: Environment | None, database: Database | None
) -> list[dict[str, Any]]:
    """The entries with `ignored` beside each: None, or which rule hides it there."""
    return ignoring.marked(entries, [rule for rule in rules if counts_in(rule, environment, database)])


def split(
    entries: Iterable[dict[str, Any]], rules: Iterable[IgnoredDifference], environment: Environment | None, database: Database | None
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Those that count there, and those that rules hide."""
    found = marked(entries, rules, environment, database)
    return [one for one in found if not one["ignored"]], [one for one in found if one["ignored"]]


def rules(user: User, project: Project) -> QuerySet[IgnoredDifference]:
    """Newest first, also those that are over: what the user may see of the project, and the rules for all of it."""
    seen = reach(user, Action.VIEW)
    found = IgnoredDifference.objects.filter(project=project).select_related(
        "project", "environment", "database__environment", "database__project", "made_by", "decided_by", "taken_back_by"
    )
    return found if seen.everywhere else found.filter(seen.q() | Q(environment=None))


def get_rule(user: User, project: Project, id: int) -> IgnoredDifference:
    found = rules(user, project).filter(pk=id).first()
    if found is None:
        raise NotFound(f"There is no ignore rule {id} in {project.slug}.")
    return found
