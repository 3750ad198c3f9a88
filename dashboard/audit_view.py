"""Entries of the record as the page shows them, and what its filters mean."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from audit.context import WAYS
from audit.models import AuditEntry
from audit.queries import Filters
from config.retelling import told

PERIODS = {
    "24h": (gettext_lazy("24 h"), timedelta(hours=24)), "7d": (gettext_lazy("7 d"), timedelta(days=7)),
    "30d": (gettext_lazy("30 d"), timedelta(days=30)),
}  # fmt: skip
OUTCOMES = {
    "succeeded": ("ok", "check", gettext_noop("Succeeded")),
    "failed": ("fail", "x", gettext_noop("Failed")),
    "canceled": ("idle", "slash", gettext_noop("Canceled")),
    "rejected": ("fail", "return", gettext_noop("Rejected")),
    "unknown": ("warn", "q", gettext_noop("Unknown")),
}
DONE = ("ok", "check", gettext_noop("Done"))
# Shown in a place of their own, or told by the object already.
EMPTY: tuple[Any, ...] = (None, "", [], {})
APART = ("reason", "changes", "before", "after", "id", "database_id")


@dataclass(frozen=True)
class Row:
    """`changes` are (sign, field, before, after); `facts` what else the entry says."""

    entry: AuditEntry
    day: str
    clock: str
    way: str
    url: str
    reason: str
    outcome: tuple[str, str, str]
    changes: list[tuple[str, str, Any, Any]] = field(default_factory=list)
    facts: list[tuple[str, Any]] = field(default_factory=list)


def rows(entries: Iterable[AuditEntry]) -> list[Row]:
    return [row(entry) for entry in entries]


def row(entry: AuditEntry) -> Row:
    detail, via = dict(entry.detail or {}), dict(entry.via or {})
    at = entry.at.astimezone(UTC)
    return Row(
        entry=entry,
        day=f"{at:%Y-%m-%d}",
        clock=f"{at:%H:%M:%S}",
        way=_("token %(name)s") % {"name": via["token"]} if via.get("token") else told(str(via.get("way", ""))),
        url=_url(entry.object, detail),
        reason=str(detail.get("reason") or detail.get("comment") or detail.get("why") or ""),
        outcome=_outcome(entry.action, str(detail.get("status"))),
        changes=_changes(detail),
        facts=[(name, value) for name, value in detail.items() if name not in APART and value not in EMPTY],
    )


def _outcome(action: str, status: str) -> tuple[str, str, str]:
    tone, icon, word = OUTCOMES.get(status, DONE) if action.startswith("job.finish") else DONE
    return tone, icon, _(word)


def filters(asked: Mapping[str, str]) -> Filters:
    """What makes no sense is no filter. `period` counts back from now, `from` and `to` are days in UTC, both included."""
    texts = {name: asked.get(name, "").replace("\0", "").strip()[:300] for name in ("actor", "action", "object", "environment")}
    way = asked.get("way", "")
    since, until = _day(asked.get("from", "")), _day(asked.get("to", ""))
    if period := PERIODS.get(asked.get("period", "")):
        since = timezone.now() - period[1]
    return Filters(**texts, way=way if way in WAYS else "", since=since, until=min(until + timedelta(days=1), _LAST) if until else None)


_LAST = datetime(9999, 1, 1, tzinfo=UTC)


def _day(text: str) -> datetime | None:
    try:
        return min(datetime.combine(date.fromisoformat(text), time(), UTC), _LAST - timedelta(days=1))
    except ValueError:
        return None


def _changes(detail: Mapping[str, Any]) -> list[tuple[str, str, Any, Any]]:
    """From `changes` (name to [before, after]), or from `before` and `after` with the same names."""
    before, after, told = detail.get("before"), detail.get("after"), detail.get("changes")
    if isinstance(before, dict) and isinstance(after, dict):
        told = {name: [before.get(name), after.get(name)] for name in {**before, **after} if before.get(name) != after.get(name)}
    if not isinstance(told, dict):
        return []
    pairs = [(name, pair) for name, pair in told.items() if isinstance(pair, list) and len(pair) == 2]
    return [(_sign(before, after), name, before, after) for name, (before, after) in pairs]


def _sign(before: Any, after: Any) -> str:
    return "add" if before in EMPTY else "del" if after in EMPTY else "chg"


def _url(object: str, detail: Mapping[str, Any]) -> str:
    """The page of the thing, as far as its name says which; it may be gone by now."""
    noun, _, name = object.partition(" ")
    if noun in ("job", "proposal") and name.isascii() and name.isdigit():
        return reverse(noun, args=[name])
    if noun == "project" and "/" not in name and name:
        return reverse("project", args=[name])
    if noun == "database" and len(id := str(detail.get("id", ""))) == 36:
        return reverse("database", args=[id])
    return ""
