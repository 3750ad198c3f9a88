"""Revisions in a short list beside something else: what each is about, when it was written and how much it risks."""

from collections.abc import Iterable
from dataclasses import dataclass

from dashboard import graph_marks
from dashboard.graph_rows import Look
from dashboard.graph_view import CREATE_DATE
from migrations_store import risks
from migrations_store.graph import RevisionNode


@dataclass(frozen=True)
class Row:
    """`created` is the date in the file; `back` says in a few words that there is no way back."""

    node: RevisionNode
    created: str
    risk: Look | None
    back: str


def rows(nodes: Iterable[RevisionNode], levels: risks.Levels) -> list[Row]:
    """In the same order; without a mark where nobody has judged the file yet."""
    return [_row(node, levels) for node in nodes]


def _row(node: RevisionNode, levels: risks.Levels) -> Row:
    created, level = CREATE_DATE.search(node.doc), levels.get(node.sha256, "")
    return Row(node, created.group(1) if created else "", graph_marks.risk(level), graph_marks.way_back(node, level))
