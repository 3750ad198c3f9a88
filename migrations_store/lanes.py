"""Where each revision is drawn: lanes side by side as in `git log --graph`, one row for each revision of the graph's order."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from migrations_store.graph import LOADED, Graph


@dataclass(frozen=True)
class Edge:
    """One line within a row.

    `in` leads from lane `source` at the upper edge to the row's node, `out` from the node to lane `target` at the lower edge,
    `pass` goes by. `target` of an `in` and `source` of an `out` are the node's own lane.
    """

    kind: str
    source: int
    target: int
    color: int


@dataclass(frozen=True)
class LaneRow:
    """`color` counts up without limit; whoever draws takes it modulo the number of colours at hand."""

    lane: int
    color: int
    edges: tuple[Edge, ...]


@dataclass
class Line:
    """An open line: it waits for the revision at its lower end."""

    waits_for: str
    color: int


@lru_cache(maxsize=LOADED)
def layout(graph: Graph) -> list[LaneRow]:
    """One row for each revision of `graph.order`."""
    lanes: list[Line | None] = []
    fresh = itertools.count()
    return [_row(graph, id, lanes, fresh) for id in graph.order]


def _row(graph: Graph, id: str, lanes: list[Line | None], fresh: Iterator[int]) -> LaneRow:
    """Draws one revision and leaves in `lanes` what is open below it."""
    arriving = [lane for lane, line in enumerate(lanes) if line and line.waits_for == id]
    passing = [lane for lane, line in enumerate(lanes) if line and line.waits_for != id]
    if arriving:
        own, color = arriving[0], lanes[arriving[0]].color  # type: ignore[union-attr]
    else:
        own, color = _free(lanes), next(fresh)
    edges = [Edge("in", lane, own, lanes[lane].color) for lane in arriving]  # type: ignore[union-attr]
    edges += [Edge("pass", lane, lane, lanes[lane].color) for lane in passing]  # type: ignore[union-attr]
    for lane in arriving:
        lanes[lane] = None
    parents = [parent for parent in graph.revisions[id].down_revisions if parent in graph.revisions]
    for number, parent in enumerate(parents):
        edges.append(_out(parent, own, color if number == 0 else None, lanes, fresh))
    while lanes and lanes[-1] is None:
        lanes.pop()
    return LaneRow(own, color, tuple(edges))


def _out(parent: str, own: int, color: int | None, lanes: list[Line | None], fresh: Iterator[int]) -> Edge:
    """The line to a parent. The first parent's goes straight down; another's joins a line that already leads there, if there is one."""
    for lane, line in enumerate(lanes if color is None else []):
        if line and line.waits_for == parent:
            return Edge("out", own, lane, line.color)
    lane = own if own < len(lanes) and lanes[own] is None else own if own == len(lanes) else _free(lanes)
    if lane == len(lanes):
        lanes.append(None)
    line = Line(parent, next(fresh) if color is None else color)
    lanes[lane] = line
    return Edge("out", own, lane, line.color)


def _free(lanes: list[Line | None]) -> int:
    """The leftmost free lane; one beyond the last if there is none."""
    return next((lane for lane, line in enumerate(lanes) if line is None), len(lanes))
