"""Which differences a rule hides. Pure functions over entries as they are kept."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

from migrations_store.models import IgnoredDifference

Shown = dict[str, Any]
WHOLE = ("added", "removed")


def marked(entries: Iterable[Shown], rules: Iterable[IgnoredDifference]) -> list[Shown]:
    """The same entries; `ignored` says by which rule one is hidden, or is None. Nothing is left out: whoever shows them counts."""
    found, known = list(entries), list(rules)
    direct = [next((rule for rule in known if hides(rule, entry)), None) for entry in found]
    tables = {_table(entry): rule for entry, rule in zip(found, direct, strict=True) if rule and _is_whole_table(entry)}
    return [entry | {"ignored": _told(rule or tables.get(_table(entry)))} for entry, rule in zip(found, direct, strict=True)]


def hides(rule: IgnoredDifference, entry: Shown) -> bool:
    """A pattern with a dot is compared with `schema.table`, one without with the table's name alone."""
    if rule.pattern:
        parts = (entry["schema"], entry["table"]) if "." in rule.pattern else (entry["table"],)
        return bool(entry["table"]) and fnmatchcase(".".join(part for part in parts if part), rule.pattern)
    place = (entry["schema"] or "", entry["table"] or "", entry["name"] or "")
    return (rule.kind, rule.what) == (entry["kind"], entry["what"]) and (rule.schema, rule.table, rule.name) == place


def _is_whole_table(entry: Shown) -> bool:
    """What comes or goes with the table, such as its indexes, is hidden with it."""
    return entry["kind"] == "table" and entry["what"] in WHOLE


def _table(entry: Shown) -> tuple[Any, ...]:
    return entry["schema"], entry["table"], entry["what"]


def _told(rule: IgnoredDifference | None) -> Shown | None:
    return {"id": rule.pk, "reason": rule.reason, "expires_at": rule.expires_at.isoformat()} if rule else None
