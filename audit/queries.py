"""Reading the record."""

import re
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from audit.models import AuditAnchor, AuditCheck, AuditEntry, AuditHead
from audit.verification import Verification, verify

__all__ = ["Filters", "Verification", "entries", "last_check", "total", "verify"]


@dataclass(frozen=True)
class Filters:
    """What a list of entries is narrowed to; "" and None are no filter. `object` is a part of the name, of a reason or a request's id."""

    actor: str = ""
    action: str = ""
    object: str = ""
    environment: str = ""
    way: str = ""
    since: datetime | None = None
    until: datetime | None = None

    def given(self) -> dict[str, str]:
        """Those that are set, as texts."""
        times = {"from": self.since, "to": self.until}
        texts = {name: getattr(self, name) for name in ("actor", "action", "object", "environment", "way")}
        return {name: value for name, value in texts.items() if value} | {name: at.isoformat() for name, at in times.items() if at}


def entries(filters: Filters | None = None, **more: str) -> QuerySet[AuditEntry]:
    """Entries in ascending order."""
    wanted = filters or Filters(**more)  # type: ignore[arg-type]
    found = AuditEntry.objects.order_by("seq")
    if wanted.actor:
        found = found.filter(actor=wanted.actor)
    if wanted.action:
        found = found.filter(action__startswith=wanted.action) if wanted.action.endswith(".") else found.filter(action=wanted.action)
    if wanted.object:
        found = found.filter(_mentions(wanted.object))
    if wanted.environment:
        found = found.filter(_within(wanted.environment))
    if wanted.way:
        found = found.filter(via__way=wanted.way)
    if wanted.since:
        found = found.filter(at__gte=wanted.since)
    if wanted.until:
        found = found.filter(at__lt=wanted.until)
    return found


def total() -> int:
    """How many entries the record holds, without counting them."""
    head = AuditHead.objects.filter(pk=1).values_list("seq", flat=True).first() or 0
    anchor = AuditAnchor.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
    return head - anchor


def last_check() -> AuditCheck | None:
    """What the last verification found."""
    return AuditCheck.objects.filter(pk=1).first()


def _mentions(text: str) -> Q:
    return Q(object__icontains=text) | Q(detail__reason__icontains=text) | Q(via__request=text) | Q(via__address=text)


def _within(environment: str) -> Q:
    """Entries name their environment in the object, or a database (project/environment/name), or one of the two ends of a promotion."""
    place = rf"[^/]+/{re.escape(environment)}(/|$)"
    found = Q(object__in=[f"environment {environment}", f"policy {environment}"]) | Q(object__startswith=f"policy {environment}/")
    for name in ("environment", "source", "target"):
        found |= Q(**{f"detail__{name}": environment})
    return found | Q(object__regex=f"^database {place}") | Q(detail__database__regex=f"^{place}")
