"""Asking for revisions that come from no comparison: an empty one, a merge of heads, a head on top of another."""

from collections.abc import Sequence
from typing import Any

from accounts.models import User
from accounts.permissions import Action, require_part
from config.errors import Conflict, Invalid
from jobs.proposals import asking, fields
from migrations_store import graph as graphs
from migrations_store import services as store
from migrations_store.graph import Graph
from migrations_store.models import Project, Proposal

CODE = "the code alone"
LONGEST_LIST = 3


def request_empty(project: Project, *, user: User, message: str, revision_id: str = "", options: dict[str, Any] | None = None) -> Proposal:
    """An empty revision, as `alembic revision` writes it: head, splice, branch_label, version_path and depends_on are its options."""
    require_part(user, Action.CHECK, project=project)
    proposal = _proposal(project, user, Proposal.Kind.EMPTY, fields.message(message))
    proposal.revision_id, proposal.options = fields.revision_id(revision_id), fields.options(options or {})
    return asking.save_new(proposal, user)


def request_merge(
    project: Project, *, user: User, heads: Sequence[str], message: str = "", branch_label: str = "", revision_id: str = ""
) -> Proposal:
    """A revision on top of several heads, as `alembic merge` writes it."""
    require_part(user, Action.CHECK, project=project)
    graph, chosen = _graph(project), list(dict.fromkeys(heads))
    _require_heads(graph, chosen, "heads")
    if len(chosen) < 2:
        raise Invalid.of("heads", "A merge takes two heads or more.")
    text = message or f"Merge {' and '.join(chosen[:LONGEST_LIST])}{' and others' if len(chosen) > LONGEST_LIST else ''}"
    proposal = _proposal(project, user, Proposal.Kind.MERGE, fields.message(text[: fields.LONGEST]))
    label = fields.options({"branch_label": branch_label})
    proposal.revision_id, proposal.options = fields.revision_id(revision_id), label | {"heads": chosen}
    return asking.save_new(proposal, user)


def request_reparent(project: Project, *, user: User, head: str, onto: str) -> Proposal:
    """The line that ends in `head`, from where it leaves the other's, on top of the head `onto`: one file's down_revision changes."""
    require_part(user, Action.CHECK, project=project)
    graph = _graph(project)
    _require_heads(graph, [head], "head")
    _require_heads(graph, [onto], "onto")
    first = first_of_line(graph, head, onto)
    proposal = _proposal(project, user, Proposal.Kind.REPARENT, fields.message(f"Put {first} on top of {onto}"[: fields.LONGEST]))
    proposal.options = {"move": first, "onto": onto, "head": head}
    return asking.save_new(proposal, user)


def first_of_line(graph: Graph, head: str, onto: str) -> str:
    """The oldest revision that only the line of `head` has. Conflict where there is no single one, or where it is a merge."""
    if head == onto:
        raise Invalid.of("onto", "Choose two different heads.")
    line = _line(graph, head) - _line(graph, onto)
    firsts = [id for id in line if not any(parent in line for parent in graph.revisions[id].down_revisions)]
    if len(firsts) != 1:
        several = ", ".join(sorted(firsts)[:LONGEST_LIST])
        raise Conflict(f"The line of {head} begins in several places ({several}), so that no one file moves it. Merge the heads instead.")
    parents = graph.revisions[firsts[0]].down_revisions
    if len(parents) > 1:
        raise Conflict(f"{firsts[0]} is a merge itself, so that it cannot be put on another parent. Merge the heads instead.")
    return firsts[0]


def _line(graph: Graph, head: str) -> set[str]:
    """By down_revision alone."""
    found: set[str] = set()
    waiting = [head]
    while waiting:
        id = waiting.pop()
        if id in graph.revisions and id not in found:
            found.add(id)
            waiting += graph.revisions[id].down_revisions
    return found


def _graph(project: Project) -> Graph:
    return graphs.load(store.refresh_if_directory(project))


def _require_heads(graph: Graph, chosen: list[str], field: str) -> None:
    for id in chosen:
        if id not in graph.heads:
            known = ", ".join(graph.heads[:20]) or "none"
            raise Invalid.of(field, f"{id[:60]!r} is no head of the code as it is now. Its heads: {known}.")


def _proposal(project: Project, user: User, kind: Proposal.Kind, message: str) -> Proposal:
    return Proposal(project=project, kind=kind, against=CODE, message=message, requested_by=user)
