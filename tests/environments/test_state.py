"""Every state of the contract, from rows and a graph."""

import pytest

from environments.models import DatabaseState
from environments.state import judge
from migrations_store import graph as graphs
from migrations_store.graph import Graph
from migrations_store.scripts import ScriptFacts

# start - (left, right) - merged - last; other depends on right, and so does more after it
REVISIONS = [
    ("start", (), ()),
    ("left", ("start",), ()),
    ("right", ("start",), ()),
    ("merged", ("left", "right"), ()),
    ("last", ("merged",), ()),
    ("other", (), ("right",)),
    ("more", ("other",), ()),
]
EARLIER = {"old", "older"}


@pytest.fixture(scope="module")
def graph() -> Graph:
    facts = [ScriptFacts(f"{name}.py", name, downs, depends) for name, downs, depends in REVISIONS]
    return graphs.from_document(graphs.build(graphs.Script(fact, fact.path, "") for fact in facts))


@pytest.mark.parametrize(
    ("rows", "state", "count"),
    [
        (None, "uninitialised", 7),
        ([], "uninitialised", 7),
        (["start"], "pending", 6),
        (["left", "right"], "pending", 4),
        (["last"], "pending", 2),
        (["last", "more"], "up_to_date", 0),
        (["last", "other"], "pending", 1),
        (["left", "more"], "pending", 2),
        (["gone"], "unknown_revision", 0),
        (["last", "gone"], "unknown_revision", 0),
        (["gone", "gone"], "unknown_revision", 0),
        (["old", "gone"], "unknown_revision", 0),
        ([""], "unknown_revision", 0),
        (["LAST"], "unknown_revision", 0),
        (["old"], "ahead", 0),
        (["old", "older"], "ahead", 0),
        (["start", "left"], "overlapping", 5),
        (["start", "last"], "overlapping", 2),
        (["start", "start"], "overlapping", 6),
        (["right", "more"], "overlapping", 3),
    ],
)
def test_judge_follows_the_contract(graph: Graph, rows: list[str] | None, state: str, count: int) -> None:
    judged = judge(rows, graph, EARLIER.__contains__)
    assert (judged.state, len(judged.pending)) == (DatabaseState(state), count)


def test_judge_lists_pending_in_running_order(graph: Graph) -> None:
    pending = judge(["start"], graph, EARLIER.__contains__).pending
    for name, downs, depends in REVISIONS:
        assert all(need not in pending or pending.index(need) < pending.index(name) for need in (*downs, *depends))


def test_judge_of_a_project_without_revisions_is_uninitialised() -> None:
    empty = graphs.from_document(graphs.build([]))
    assert judge(None, empty, EARLIER.__contains__).state == DatabaseState.UNINITIALISED
