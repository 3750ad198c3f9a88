"""The history as it would be with files that are not in the code yet."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from migrations_store.graph import Graph, RevisionNode, Script, build, from_document
from migrations_store.scripts import ScriptFacts, read_script


def with_files(graph: Graph, files: Iterable[tuple[str, str]]) -> Graph:
    """With these (path, text) added to the graph's, or in place of those that have their path.

    Its faults are those of the files alone, and it has no order: a page is not to wait until thousands of revisions are drawn anew.
    """
    added = [_script(path, text) for path, text in files]
    taken = {script.path for script in added} | {_merged_at(graph, script) for script in added}
    kept = {id: node for id, node in graph.revisions.items() if node.path not in taken}
    beside = [_base(kept[id]) for id in _named(added) | set(graph.labels.values()) if id in kept]
    near = from_document(build([*sorted(beside, key=lambda script: script.path), *added]))
    paths = {script.path for script in added}
    revisions = {id: node for id, node in near.revisions.items() if node.path in paths} | kept
    faults = [fault for fault in near.faults if fault.path in paths]
    return Graph(revisions, [], _heads(revisions, depends=False), _heads(revisions, depends=True), graph.bases, faults)


def _named(added: list[Script]) -> set[str]:
    """What the files name, as ids or labels."""
    facts = [script.facts for script in added]
    return {id for one in facts for id in (str(one.revision), *one.down_revisions, *one.depends_on, *one.branch_labels)}


def _heads(revisions: dict[str, RevisionNode], *, depends: bool) -> list[str]:
    needed = {id for node in revisions.values() for id in (*node.down_revisions, *(node.depends_on if depends else ()))}
    return sorted(id for id in revisions if id not in needed)


def _script(path: str, text: str) -> Script:
    return Script(read_script(Path(path), text), path, hashlib.sha256(text.encode()).hexdigest())


def _merged_at(graph: Graph, script: Script) -> str:
    """Where the same file lies in the code by now, whatever it is called there; "" if it does not."""
    node = graph.revisions.get(script.facts.revision or "")
    return node.path if node and node.down_revisions == script.facts.down_revisions and node.message == script.facts.message else ""


def _base(node: RevisionNode) -> Script:
    """As if it were one: of those beside the files only the names count."""
    facts = ScriptFacts(node.path, node.revision, branch_labels=node.branch_labels, lines={"revision": 1, "down_revision": 1})
    return Script(facts, node.path, node.sha256)
