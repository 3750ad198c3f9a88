"""Findings that somebody has looked at and accepts, with a reason and an end."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require, require_part
from audit.services import record
from config.errors import Invalid, NotFound
from config.rows import hold
from migrations_store.findings.finding import Finding
from migrations_store.findings.registry import RULES
from migrations_store.models import KnownRevision, Project, Suppression

LONGEST_REASON = 1000
LONGEST_OBJECT = 300
LONGEST_TIME = timedelta(days=366)


def suppress(
    project: Project, *, user: User, rule: str, reason: str, expires_at: datetime | None,
    revision: str | None = None, object: str | None = None,
) -> Suppression:  # fmt: skip
    """Accepts what a rule says: of a revision and an object, or of all. It needs a reason, and an end within a year or none. Saying the
    same twice is saying it once: it could not be taken back with one word."""
    require(user, Action.REVIEW, project=project)
    _check(rule, reason, expires_at, revision, object)
    said = {"rule": rule, "revision": revision or None, "object": object or None, "reason": reason.strip(), "by": user.username}
    with transaction.atomic():
        hold(project)
        if same := Suppression.objects.filter(project=project, **said, expires_at=expires_at).first():
            return same
        new = Suppression.objects.create(project=project, **said, expires_at=expires_at)
        record(user.username, "finding.suppress", f"project {project.slug}", **_told(new), reason=new.reason)
    return new


def unsuppress(project: Project, id: int | str, *, user: User) -> None:
    """Takes it back: the finding counts again."""
    require(user, Action.REVIEW, project=project)
    if not (str(id).isascii() and str(id).isdigit() and len(str(id)) <= 18):
        raise NotFound(f"There is no accepted finding {str(id)[:40]!r}; its id is a number.")
    with transaction.atomic():
        found = Suppression.objects.filter(project=project, pk=id).select_for_update().first()
        if found is None:
            raise NotFound(f"There is no accepted finding {id} in {project.slug}.")
        record(user.username, "finding.unsuppress", f"project {project.slug}", **_told(found))
        found.delete()


def listed(user: User, project: Project, *, only_active: bool = False) -> QuerySet[Suppression]:
    """Newest first, with those that are over."""
    require_part(user, Action.VIEW, project=project)
    return active(project) if only_active else Suppression.objects.filter(project=project)


def active(project: Project) -> QuerySet[Suppression]:
    """Those that count now."""
    return Suppression.objects.filter(Q(expires_at=None) | Q(expires_at__gt=timezone.now()), project=project)


def marked(findings: Iterable[Finding], suppressions: Iterable[Suppression]) -> list[Finding]:
    """The same findings; those that are accepted say by whom, why and until when. The narrowest suppression is the one that is told."""
    narrowest = sorted(suppressions, key=lambda one: (one.object is None, one.revision is None))
    return [replace(finding, suppressed=_of(finding, narrowest)) for finding in findings]


def covers(one: Suppression, finding: Finding) -> bool:
    """Whether it is about this finding, whenever it ends."""
    return one.rule == finding.rule and one.revision in (None, finding.revision) and one.object in (None, finding.object)


def _of(finding: Finding, suppressions: list[Suppression]) -> dict[str, Any] | None:
    for one in suppressions:
        if covers(one, finding):
            until = one.expires_at.isoformat() if one.expires_at else None
            return {"id": one.pk, "reason": one.reason, "by": one.by, "expires_at": until}
    return None


def _check(rule: str, reason: str, expires_at: datetime | None, revision: str | None, object: str | None) -> None:
    wrong = {}
    if len(revision or "") > KnownRevision.LONGEST:
        wrong["revision"] = f"This has more than {KnownRevision.LONGEST} characters."
    if len(object or "") > LONGEST_OBJECT:
        wrong["object"] = f"This has more than {LONGEST_OBJECT} characters."
    if rule not in RULES:
        wrong["rule"] = "There is no such rule."
    if not reason.strip() or len(reason) > LONGEST_REASON:
        wrong["reason"] = f"Say why, in at most {LONGEST_REASON} characters."
    if expires_at is not None and not timezone.now() < expires_at <= timezone.now() + LONGEST_TIME:
        wrong["expires_at"] = "This has to lie in the future, and within a year."
    if wrong:
        raise Invalid("The finding was not accepted: " + " ".join(wrong.values()), wrong)


def _told(one: Suppression) -> dict[str, Any]:
    until = one.expires_at.isoformat() if one.expires_at else None
    return {"rule": one.rule, "revision": one.revision, "of": one.object, "expires_at": until}
