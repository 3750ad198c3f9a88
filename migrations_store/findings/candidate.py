"""The history as it would be with files that are not in the code yet."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from migrations_store.graph import Graph, RevisionNode, Script, build, from_document
from migrations_store.scripts import ScriptFacts, read_script


def with_files(graph: Graph, files: Iterable[tuple[str, str]]) -> Graph:
    """With these (path, text) added to the graph's, or in place of those that have their path."""
    added = [_script(path, text) for path, text in files]
    taken = {script.path for script in added} | {_merged_at(graph, script) for script in added}
    kept = [_kept(node) for node in graph.revisions.values() if node.path not in taken]
    return from_document(build([*kept, *added]))


def _script(path: str, text: str) -> Script:
    return Script(read_script(Path(path), text), path, hashlib.sha256(text.encode()).hexdigest())


def _merged_at(graph: Graph, script: Script) -> str:
    """Where the same file lies in the code by now, whatever it is called there; "" if it does not."""
    node = graph.revisions.get(script.facts.revision or "")
    return node.path if node and node.down_revisions == script.facts.down_revisions and node.message == script.facts.message else ""


def _kept(node: RevisionNode) -> Script:
    facts = ScriptFacts(
        node.path, node.revision, node.down_revisions, node.depends_on, node.branch_labels, node.doc, node.downgrade,
        lines={"revision": 1, "down_revision": 1},
    )  # fmt: skip
    return Script(facts, node.path, node.sha256)
