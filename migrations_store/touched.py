"""The objects that a revision touches, one way, as its text says: tables, columns, indexes, constraints, rows."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from migrations_store.findings import reading
from migrations_store.findings.change import Change
from migrations_store.models import Snapshot

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
KINDS = {
    "create_table": (ADDED, "table"), "drop_table": (REMOVED, "table"), "rename_table": (CHANGED, "table"),
    "add_column": (ADDED, "column"), "drop_column": (REMOVED, "column"), "alter_column": (CHANGED, "column"),
    "rename_column": (CHANGED, "column"), "retype": (CHANGED, "column"), "narrow": (CHANGED, "column"),
    "rewrite": (CHANGED, "column"), "set_not_null": (CHANGED, "column"),
    "create_index": (ADDED, "index"), "drop_index": (REMOVED, "index"),
    "add_foreign_key": (ADDED, "foreign key"), "add_check": (ADDED, "check"), "add_unique": (ADDED, "unique"),
    "drop_constraint": (REMOVED, "constraint"), "validate": (CHANGED, "constraint"),
    "enum_value": (CHANGED, "type"), "drop_much": (REMOVED, ""),
    "update": (CHANGED, "rows"), "delete_rows": (REMOVED, "rows"), "truncate": (REMOVED, "rows"),
}  # fmt: skip


@dataclass(frozen=True)
class Touched:
    """`what` is added, removed or changed; `line` counts in the revision's file."""

    what: str
    kind: str
    object: str
    line: int

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def objects(snapshot: Snapshot, revision: str) -> dict[str, list[Touched]]:
    """By direction, each object once, where it is met first. One query at most."""
    reads = reading.changes_of(snapshot, [(revision, direction) for direction in reading.DIRECTIONS])
    return {direction: _of(read.changes) for direction, read in zip(reading.DIRECTIONS, reads, strict=True)}


def _of(changes: tuple[Change, ...]) -> list[Touched]:
    found: dict[tuple[str, str, str], Touched] = {}
    for touched in _each(changes):
        found.setdefault((touched.what, touched.kind, touched.object), touched)
    return list(found.values())


def _each(changes: tuple[Change, ...]) -> Iterator[Touched]:
    for change in changes:
        if change.kind in KINDS:
            what, kind = KINDS[change.kind]
            yield Touched(what, kind or change.detail, change.object or "…", change.line)
