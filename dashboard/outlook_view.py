"""The history before and after a proposal, as small drawings."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from dashboard.graph_rows import COLOURS, WIDEST, Dot, Stroke, strokes_of, x_of
from migrations_store.lanes import Edge
from migrations_store.models import ProposalVersion

TITLES = {"before": gettext_noop("Now"), "after": gettext_noop("With it")}


@dataclass(frozen=True)
class Row:
    """A revision, or several that stand in a straight line: then `revision` is empty and `label` says how many."""

    revision: str
    label: str
    strokes: list[Stroke]
    dot: Dot
    is_head: bool
    is_changed: bool


@dataclass(frozen=True)
class Drawing:
    title: str
    rows: list[Row]
    width: int
    heads: int


def drawings(version: ProposalVersion) -> list[Drawing]:
    """Before and after; none where the proposal does not say."""
    told: dict[str, list[dict[str, Any]]] = version.facts.get("outlook") or {}
    return [_drawing(_(title), told[name]) for name, title in TITLES.items() if told.get(name)]


def _drawing(title: str, told: list[dict[str, Any]]) -> Drawing:
    rows = [_row(one) for one in told]
    lanes = [max([one["lane"], *(max(edge["source"], edge["target"]) for edge in one["edges"])]) for one in told]
    return Drawing(title, rows, min(WIDEST, max([2, *lanes]) + 1), sum(row.is_head for row in rows))


def _row(one: dict[str, Any]) -> Row:
    strokes = [stroke for edge in one["edges"] for stroke in strokes_of(Edge(**edge))]
    dot = Dot(one["color"] % COLOURS, x_of(one["lane"]), diamond=False, hollow=not one["revision"])
    return Row(one["revision"], one["label"], strokes, dot, one["is_head"], one["is_changed"])
