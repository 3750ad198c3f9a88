"""Where each revision is drawn: lanes side by side as in `git log --graph`, one row for each revision of the graph's order.

A parent or dependency that no file has is drawn too, as a ghost: a row of its own below the last revision that names it.
"""

import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from migrations_store.graph import LOADED, Graph


@dataclass(frozen=True)
class Edge:
    """One line within a row.

    `in` leads from lane `source` at the upper edge to the row's node, `out` from the node to lane `target` at the lower edge,
    `pass` goes by. `target` of an `in` and `source` of an `out` are the node's own lane. A line of depends_on is dashed.
    """

    kind: str
    source: int
    target: int
    color: int
    dashed: bool = False


@dataclass(frozen=True)
class LaneRow:
    """`color` counts up without limit; whoever draws takes it modulo the number of colours at hand."""

    lane: int
    color: int
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Ghost:
    """What `named_by` need and no file has."""

    revision: str
    named_by: tuple[str, ...]
    row: LaneRow


@dataclass(frozen=True)
class Drawn:
    """`rows` go with the graph's order; `ghosts` are below the row of their index."""

    rows: list[LaneRow]
    ghosts: dict[int, list[Ghost]]


@dataclass
class Line:
    """An open line: it waits for the revision at its lower end."""

    waits_for: str
    color: int
    dashed: bool = False


@dataclass
class Sheet:
    """What is open below the rows drawn so far."""

    lanes: list[Line | None] = field(default_factory=list)
    fresh: Iterator[int] = field(default_factory=itertools.count)

    def free(self) -> int:
        """The leftmost free lane; one beyond the last if there is none."""
        return next((lane for lane, line in enumerate(self.lanes) if line is None), len(self.lanes))


def layout(graph: Graph) -> list[LaneRow]:
    """One row for each revision of `graph.order`."""
    return drawn(graph).rows


@lru_cache(maxsize=LOADED)
def drawn(graph: Graph) -> Drawn:
    sheet, rows = Sheet(), list[LaneRow]()
    named_by, below = _missing(graph)
    ghosts: dict[int, list[Ghost]] = defaultdict(list)
    for place, id in enumerate(graph.order):
        rows.append(_row(sheet, id, _needs(graph, id)))
        for ghost in below.get(id, ()):
            ghosts[place].append(Ghost(ghost, tuple(named_by[ghost]), _row(sheet, ghost, [])))
    return Drawn(rows, dict(ghosts))


def _missing(graph: Graph) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Who names what is in no file; and by the last of those, what is drawn below it."""
    named_by: dict[str, list[str]] = defaultdict(list)
    for id in graph.order:
        for need, _ in _needs(graph, id):
            if need not in graph.revisions:
                named_by[need].append(id)
    below: dict[str, list[str]] = defaultdict(list)
    for ghost, names in named_by.items():
        below[names[-1]].append(ghost)
    return named_by, below


def _needs(graph: Graph, id: str) -> list[tuple[str, bool]]:
    """Parents, then dependencies, these dashed."""
    node = graph.revisions[id]
    further = [need for need in node.depends_on if need not in node.down_revisions]
    return [*((parent, False) for parent in node.down_revisions), *((need, True) for need in further)]


def _row(sheet: Sheet, id: str, needs: list[tuple[str, bool]]) -> LaneRow:
    """Draws one revision and leaves in the sheet what is open below it."""
    lines = [(lane, line) for lane, line in enumerate(sheet.lanes) if line]
    arriving = [(lane, line) for lane, line in lines if line.waits_for == id]
    straight = [(lane, line) for lane, line in arriving if not line.dashed]
    own = next((lane for lane, _ in [*straight, *arriving]), sheet.free())
    color = straight[0][1].color if straight else next(sheet.fresh)
    edges = [Edge("in", lane, own, line.color, line.dashed) for lane, line in arriving]
    edges += [Edge("pass", lane, lane, line.color, line.dashed) for lane, line in lines if line.waits_for != id]
    for lane, _ in arriving:
        sheet.lanes[lane] = None
    for number, (need, dashed) in enumerate(needs):
        edges.append(_out(sheet, need, own, None if number or dashed else color, dashed=dashed))
    while sheet.lanes and sheet.lanes[-1] is None:
        sheet.lanes.pop()
    return LaneRow(own, color, tuple(edges))


def _out(sheet: Sheet, need: str, own: int, color: int | None, *, dashed: bool) -> Edge:
    """The line to a parent. The first parent's goes straight down; another's joins a line that already leads there, if there is one."""
    lanes = sheet.lanes
    for lane, line in enumerate(lanes if color is None else []):
        if line and line.waits_for == need and line.dashed == dashed:
            return Edge("out", own, lane, line.color, dashed)
    lane = own if own < len(lanes) and lanes[own] is None else own if own == len(lanes) else sheet.free()
    lanes += [None] * (lane + 1 - len(lanes))
    line = lanes[lane] = Line(need, next(sheet.fresh) if color is None else color, dashed)
    return Edge("out", own, lane, line.color, dashed)
