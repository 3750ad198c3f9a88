"""A column or table that goes while a like one comes: autogenerate cannot see renames, a person can."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from migrations_store.differences import types

if TYPE_CHECKING:
    from migrations_store.differences.entries import Entry

ALIKE = 0.5  # of the names; a type alone would pair every two texts


def guessed(found: list[Entry]) -> list[Entry]:
    """Marks both sides of each likely pair; the likest first, and none twice."""
    pairs = [(_likeness(old, new), old, new) for old in found for new in found if _may_pair(old, new)]
    taken: set[int] = set()
    for likeness, old, new in sorted(pairs, key=lambda pair: -pair[0]):
        if likeness >= ALIKE and not taken & {id(old), id(new)}:
            old.rename_guess, new.rename_guess = _name(new), _name(old)
            taken |= {id(old), id(new)}
    return found


def _may_pair(old: Entry, new: Entry) -> bool:
    if (old.what, new.what) != ("removed", "added") or old.kind != new.kind or old.schema != new.schema:
        return False
    return (old.kind == "column" and old.table == new.table) or old.kind == "table"


def _likeness(old: Entry, new: Entry) -> float:
    if old.kind == "table":
        return _shared(old.before or "", new.after or "")
    if not types.similar(_type(old.before), _type(new.after)):
        return 0.0
    first, second = _name(old).lower(), _name(new).lower()
    ratio = SequenceMatcher(None, first, second).ratio()
    parts = set(first.split("_")) & set(second.split("_"))
    return max(ratio, 0.6 if parts or first in second or second in first else 0.0)


def _shared(old: str, new: str) -> float:
    """Which part of the columns both tables have; below 0.8 it is another table, and a primary key alone says nothing."""
    first, second = (
        {line for line in text.splitlines() if not line.startswith(("PRIMARY KEY", "UNIQUE", "FOREIGN KEY", "CHECK"))}
        for text in (old, new)
    )
    share = len(first & second) / max(len(first | second), 1)
    return share if share >= 0.8 and len(first & second) > 1 else 0.0


def _type(shown: str | None) -> str:
    text = shown or ""
    for end in (" NOT NULL", " NULL"):
        text = text.partition(end)[0]
    return text


def _name(entry: Entry) -> str:
    return (entry.table if entry.kind == "table" else entry.name) or ""
