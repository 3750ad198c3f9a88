"""What the rows of a version table mean, compared with a graph of the code."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from environments.models import DatabaseState
from migrations_store.graph import Graph


@dataclass(frozen=True)
class Judgement:
    """`pending` is in running order, oldest first."""

    state: DatabaseState
    pending: list[str]


def judge(rows: Iterable[str] | None, graph: Graph, known_earlier: Callable[[str], bool]) -> Judgement:
    """The contract's states. `known_earlier` says whether an earlier snapshot held a revision that this graph does not."""
    found = list(rows or [])
    if not found:
        return Judgement(DatabaseState.UNINITIALISED, graph.pending([]))
    strange = [row for row in found if row not in graph.revisions]
    if strange:
        known = all(known_earlier(row) for row in strange)
        return Judgement(DatabaseState.AHEAD if known else DatabaseState.UNKNOWN_REVISION, [])
    pending = graph.pending(found)
    if _overlap(found, graph):
        return Judgement(DatabaseState.OVERLAPPING, pending)
    return Judgement(DatabaseState.PENDING if pending else DatabaseState.UP_TO_DATE, pending)


def _overlap(rows: list[str], graph: Graph) -> bool:
    """A duplicate, or a row that another row already implies."""
    if len(set(rows)) < len(rows):
        return True
    return len(rows) > 1 and any(row in graph.ancestors(other for other in rows if other != row) for row in rows)
