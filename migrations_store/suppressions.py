"""Findings that somebody has looked at and accepts, with a reason and an end."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require
from audit.services import record
from config.errors import Invalid, NotFound
from migrations_store.findings.finding import Finding
from migrations_store.findings.registry import RULES
from migrations_store.models import Project, Suppression

LONGEST_REASON = 1000
LONGEST_TIME = timedelta(days=366)


def suppress(
    project: Project, *, user: User, rule: str, reason: str, expires_at: datetime | None,
    revision: str | None = None, object: str | None = None,
) -> Suppression:  # fmt: skip
    """Accepts what a rule says: of a revision and an object, or of all. It needs a reason, and an end within a year or none."""
    require(user, Action.REVIEW, project=project)
    _check(rule, reason, expires_at)
    new = Suppression(project=project, rule=rule, revision=revision or None, object=object or None)
    new.reason, new.by, new.expires_at = reason.strip(), user.username, expires_at
    with transaction.atomic():
        new.save(force_insert=True)
        record(user.username, "finding.suppress", f"project {project.slug}", **_told(new), reason=new.reason)
    return new


def unsuppress(project: Project, id: int, *, user: User) -> None:
    """Takes it back: the finding counts again."""
    require(user, Action.REVIEW, project=project)
    with transaction.atomic():
        found = Suppression.objects.filter(project=project, pk=id).select_for_update().first()
        if found is None:
            raise NotFound(f"There is no suppression {id} in {project.slug}.")
        record(user.username, "finding.unsuppress", f"project {project.slug}", **_told(found))
        found.delete()


def active(project: Project) -> QuerySet[Suppression]:
    """Those that count now."""
    return Suppression.objects.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), project=project)


def marked(findings: Iterable[Finding], suppressions: Iterable[Suppression]) -> list[Finding]:
    """The same findings; those that are accepted say by whom, why and until when. The narrowest suppression is the one that is told."""
    narrowest = sorted(suppressions, key=lambda one: (one.object is None, one.revision is None))
    return [replace(finding, suppressed=_of(finding, narrowest)) for finding in findings]


def _of(finding: Finding, suppressions: list[Suppression]) -> dict[str, Any] | None:
    for one in suppressions:
        if one.rule == finding.rule and one.revision in (None, finding.revision) and one.object in (None, finding.object):
            until = one.expires_at.isoformat() if one.expires_at else None
            return {"id": one.pk, "reason": one.reason, "by": one.by, "expires_at": until}
    return None


def _check(rule: str, reason: str, expires_at: datetime | None) -> None:
    wrong = {}
    if rule not in RULES:
        wrong["rule"] = "There is no such rule."
    if not reason.strip() or len(reason) > LONGEST_REASON:
        wrong["reason"] = f"Say why, in at most {LONGEST_REASON} characters."
    if expires_at is not None and not timezone.now() < expires_at <= timezone.now() + LONGEST_TIME:
        wrong["expires_at"] = "This has to lie in the future, and within a year."
    if wrong:
        raise Invalid("The finding was not suppressed: " + " ".join(wrong.values()), wrong)


def _told(one: Suppression) -> dict[str, Any]:
    until = one.expires_at.isoformat() if one.expires_at else None
    return {"rule": one.rule, "revision": one.revision, "of": one.object, "expires_at": until}
