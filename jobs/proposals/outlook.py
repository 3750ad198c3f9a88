"""The history before and after a proposal: what of it changes, drawn small, and what should be known before."""

from dataclasses import asdict, replace
from typing import Any

from environments.models import Database
from migrations_store import graph as graphs
from migrations_store import lanes
from migrations_store.graph import Graph, RevisionNode, Script
from migrations_store.models import Project, Proposal
from migrations_store.scripts import ScriptFacts

MOST, LEAST = 14, 3  # rows of a drawing


def after(graph: Graph, files: list[dict[str, Any]]) -> Graph:
    """The graph with these files in it, new ones and changed ones; its faults tell what would be wrong then."""
    nodes = dict(graph.revisions)
    for file in files:
        known = nodes.get(file["revision"])
        downs = tuple(file["down_revisions"])
        nodes[file["revision"]] = replace(known, down_revisions=downs) if known else _new(file, downs)
    return graphs.from_document(graphs.build([_script(node) for node in nodes.values()]))


def drawn(graph: Graph, files: list[dict[str, Any]]) -> dict[str, Any]:
    """{"before", "after"}: rows of {revision, label, lane, edges, …}, newest first, with what is near to the change alone."""
    then = after(graph, files)
    changed = {file["revision"] for file in files}
    around = {parent for file in files for parent in file["down_revisions"]} | set(graph.heads)
    around |= {parent for id in changed & graph.revisions.keys() for parent in graph.revisions[id].down_revisions}
    return {"before": _rows(graph, around | changed, changed), "after": _rows(then, around | changed, changed)}


def red_flags(project: Project, graph: Graph, files: list[dict[str, Any]], kind: str) -> list[str]:
    """What would be wrong with the code then, and which databases a moved revision was applied to already."""
    before = {fault.message for fault in graph.faults}
    found = [fault.message for fault in after(graph, files).faults if fault.message not in before]
    if kind == Proposal.Kind.REPARENT:
        found += [text for file in files for text in _applied(project, graph, file)]
    return found


def _applied(project: Project, graph: Graph, file: dict[str, Any]) -> list[str]:
    """A database that has the moved revision would be taken to have its new ancestors too, although nobody ran them there."""
    missing = graph.ancestors(file["down_revisions"])
    told = []
    for database in Database.objects.filter(project=project).select_related("project", "environment"):
        applied = graph.ancestors(database.current or [])
        if file["revision"] in applied and missing - applied:
            names = ", ".join(sorted(missing - applied)[:3]) + (", …" if len(missing - applied) > 3 else "")
            told.append(
                f"{database} has {file['revision']} already, and not {names}. After this Alembic would take it for up to date without ever"
                " running that there. Merge the heads instead, or run what is missing there first."
            )
    return told


def _new(file: dict[str, Any], downs: tuple[str, ...]) -> RevisionNode:
    return RevisionNode(file["revision"], downs, (), (), file["message"], "", file["path"], "", "empty")


def _script(node: RevisionNode) -> Script:
    facts = ScriptFacts(
        path=node.path, revision=node.revision, down_revisions=node.down_revisions, depends_on=node.depends_on,
        branch_labels=node.branch_labels, doc=node.message, downgrade=node.downgrade, lines={"revision": 1, "down_revision": 1},
    )  # fmt: skip
    return Script(facts, node.path, node.sha256)


# --- drawing


def _rows(graph: Graph, wanted: set[str], changed: set[str]) -> list[dict[str, Any]]:
    """With straight lines shortened to their ends."""
    near = _near(graph, wanted)
    small, hidden = _shortened(graph, near, wanted)
    rows = []
    for id, row in zip(small.order, lanes.layout(small), strict=True):
        node = small.revisions[id]
        rows.append(
            {
                "revision": "" if id in hidden else id,
                "label": f"{hidden[id]} more" if id in hidden else node.message,
                "is_head": node.is_head and id not in hidden,
                "is_changed": id in changed,
                "lane": row.lane,
                "color": row.color,
                "edges": [asdict(edge) for edge in row.edges],
            }
        )
    return rows[:MOST]


def _near(graph: Graph, wanted: set[str]) -> list[str]:
    """From the heads down to where all that is wanted has been seen and the lines are one again, in the graph's order."""
    seen, kept = set(), []
    rows = lanes.layout(graph)
    for id, row in zip(graph.order, rows, strict=True):
        kept.append(id)
        seen.add(id)
        open_lines = {edge.target for edge in row.edges if edge.kind in ("out", "pass")}
        if wanted & graph.revisions.keys() <= seen and len(open_lines) <= 1 and len(kept) >= LEAST:
            break
    return kept


def _shortened(graph: Graph, near: list[str], wanted: set[str]) -> tuple[Graph, dict[str, int]]:
    """The revisions near, and how many each of the stand-ins is for."""
    inside = set(near)
    children: dict[str, list[str]] = {}
    for id in near:
        for parent in graph.revisions[id].down_revisions:
            children.setdefault(parent, []).append(id)
    dull = {id for id in near if _is_dull(graph, id, children, wanted, inside)}
    hidden: dict[str, int] = {}
    nodes: dict[str, RevisionNode] = {}
    for id in near:
        if id in dull and any(child in dull for child in children[id]):
            continue
        node = graph.revisions[id]
        run = _run(graph, id, dull) if id in dull else []
        if len(run) > 1:
            hidden[id] = len(run)
            node = replace(node, down_revisions=graph.revisions[run[-1]].down_revisions)
        nodes[id] = replace(node, down_revisions=tuple(parent for parent in node.down_revisions if parent in inside), depends_on=())
    for id, node in nodes.items():
        nodes[id] = replace(node, down_revisions=tuple(parent for parent in node.down_revisions if parent in nodes))
    return graphs.from_document(graphs.build([_script(node) for node in nodes.values()])), hidden


def _is_dull(graph: Graph, id: str, children: dict[str, list[str]], wanted: set[str], inside: set[str]) -> bool:
    """In the middle of a straight line, and nothing to this proposal."""
    node = graph.revisions[id]
    straight = len(node.down_revisions) == 1 and len(children.get(id, [])) == 1 and node.down_revisions[0] in inside
    return straight and id not in wanted and not node.is_branch_point


def _run(graph: Graph, id: str, dull: set[str]) -> list[str]:
    found = [id]
    while (parent := graph.revisions[found[-1]].down_revisions[0]) in dull:
        found.append(parent)
    return found
