"""The revision graph of a snapshot: built once from static facts, kept as one JSON document, loaded many times.

What cannot be drawn is named as a fault, with file and line; the rest of the graph is there all the same.
"""

import heapq
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from typing import Any

from migrations_store.models import Snapshot
from migrations_store.scripts import ScriptFacts

VERSION = 2  # of the document; snapshots written by another version are taken anew
LONGEST_ID = 32
RESERVED = re.compile(r"[-@:+]")
LEGACY = re.compile(r"([a-f0-9]+)\.py")
LOADED = 64


@dataclass(frozen=True)
class Fault:
    """Something wrong with the code, as a sentence, with the file (relative to the source root) and line that show it."""

    kind: str
    message: str
    path: str = ""
    line: int = 0


@dataclass(frozen=True)
class RevisionNode:
    """One revision. `depends_on` holds resolved ids, `branch_labels` only those that its own file declares.

    `is_head` goes by down_revision alone; `is_effective_head` is a head on which another revision depends, so that a fully
    upgraded version table holds no row for it.
    """

    revision: str
    down_revisions: tuple[str, ...]
    depends_on: tuple[str, ...]
    branch_labels: tuple[str, ...]
    message: str
    doc: str
    path: str
    sha256: str
    downgrade: str
    is_head: bool = False
    is_effective_head: bool = False
    is_base: bool = False
    is_merge: bool = False
    is_branch_point: bool = False


@dataclass(frozen=True)
class Script:
    """A revision file as it was read: its facts, its path relative to the source root, the hash of its content."""

    facts: ScriptFacts
    path: str
    sha256: str


@dataclass(eq=False)  # the same by identity, so that what is worked out from a graph can be kept by it
class Graph:
    """A snapshot's revisions, in the order in which Alembic loads their files.

    `order` has the newest first: children before parents, dependents before what they depend on. `real_heads` are those that
    nothing depends on: the rows of a fully upgraded version table.
    """

    revisions: dict[str, RevisionNode]
    order: list[str]
    heads: list[str]
    real_heads: list[str]
    bases: list[str]
    faults: list[Fault] = field(default_factory=list)
    digest: str = ""

    def ancestors(self, ids: Iterable[str]) -> set[str]:
        """The known ones of `ids`, and all that they need by down_revision or depends_on."""
        found: set[str] = set()
        waiting = [id for id in ids if id in self.revisions]
        while waiting:
            id = waiting.pop()
            if id not in found:
                found.add(id)
                waiting += [need for need in self.needs(id) if need not in found]
        return found

    def pending(self, current: Iterable[str]) -> list[str]:
        """What the code has and the database lacks, in running order."""
        applied = self.ancestors(current)
        return [id for id in reversed(self.order) if id not in applied]

    def needs(self, id: str) -> list[str]:
        """The known revisions that have to be applied before this one."""
        node = self.revisions[id]
        return [need for need in (*node.down_revisions, *node.depends_on) if need in self.revisions]

    def dependents(self, id: str) -> set[str]:
        """The revision and all that need it: whatever stands at one of these has it applied."""
        found: set[str] = set()
        waiting = [id]
        while waiting:
            one = waiting.pop()
            if one not in found:
                found.add(one)
                waiting += self._needed_by.get(one, ())
        return found

    @cached_property
    def _needed_by(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for id in self.revisions:
            for need in self.needs(id):
                found.setdefault(need, []).append(id)
        return found

    @cached_property
    def labels(self) -> dict[str, str]:
        """Branch label to the revision that declares it."""
        return {label: node.revision for node in self.revisions.values() for label in node.branch_labels}


def build(scripts: Iterable[Script]) -> dict[str, Any]:
    """The JSON document for Snapshot.graph, from the files in the order in which Alembic loads them."""
    faults: list[Fault] = []
    kept = _unique(scripts, faults)
    depends = _resolved_dependencies(kept, faults)
    _missing_parents(kept, faults)
    downs = {id: tuple(dict.fromkeys(script.facts.down_revisions)) for id, script in kept.items()}
    _cut_cycles(kept, downs, depends, faults)
    document = asdict(_drawn(kept, downs, depends, faults))
    return document | {"revisions": list(document["revisions"].values())}  # a list: PostgreSQL does not keep the order of keys


def load(snapshot: Snapshot) -> Graph:
    """The graph of a snapshot; kept in memory by the snapshot's id, for a snapshot never changes."""
    return _load(snapshot.pk, snapshot.digest)


@lru_cache(maxsize=LOADED)
def _load(pk: int, digest: str) -> Graph:
    document = Snapshot.objects.values_list("graph", flat=True).get(pk=pk)
    return from_document(document, digest)


def from_document(document: dict[str, Any], digest: str = "") -> Graph:
    return Graph(
        revisions={facts["revision"]: _node(facts) for facts in document["revisions"]},
        order=document["order"],
        heads=document["heads"],
        real_heads=document["real_heads"],
        bases=document["bases"],
        faults=[Fault(**fault) for fault in document["faults"]],
        digest=digest,
    )


def _node(facts: dict[str, Any]) -> RevisionNode:
    tuples = {name: tuple(facts[name]) for name in ("down_revisions", "depends_on", "branch_labels")}
    return RevisionNode(**(facts | tuples))


# --- building


def _unique(scripts: Iterable[Script], faults: list[Fault]) -> dict[str, Script]:
    """One script per id; of two files with the same id the first is drawn, and both are named."""
    kept: dict[str, Script] = {}
    for script in scripts:
        id = _identified(script, faults)
        if id is None:
            continue
        if id in kept:
            message = f"Two files declare revision {id}: {kept[id].path} and {script.path}. Alembic would drop one of them silently."
            faults.append(_fault("duplicate_revision", message, script, "revision"))
        else:
            kept[id] = script
            faults += _bad_id(id, script)
    return kept


def _identified(script: Script, faults: list[Fault]) -> str | None:
    """The id of a file; None where it has none that can be read, which is a fault."""
    facts, path = script.facts, script.path
    if facts.problem:
        message = f"{path} cannot be read: {facts.problem[0]} Alembic refuses every command until it is mended."
        faults.append(Fault("syntax", message, path, facts.problem[1]))
        return None
    faults += [_computed(script, name) for name in facts.computed]
    id = facts.revision
    legacy = LEGACY.fullmatch(path.rpartition("/")[2])
    if "revision" not in facts.lines and legacy:
        id = legacy.group(1)  # as Alembic does for files of its first version
    elif "revision" not in facts.lines:
        message = f"{path} declares no revision, so Alembic refuses every command. A file that is no revision does not belong there."
        faults.append(Fault("no_revision", message, path, 1))
    elif not (isinstance(id, str) and id) and "revision" not in facts.computed:
        faults.append(_fault("bad_id", f"{path} declares revision {id!r}, which is no text or an empty one.", script, "revision"))
    if isinstance(id, str) and "down_revision" not in facts.lines:
        faults.append(Fault("no_down_revision", f"{path} declares no down_revision, so Alembic refuses every command.", path, 1))
    return id if isinstance(id, str) and id else None


def _fault(kind: str, message: str, script: Script, name: str) -> Fault:
    return Fault(kind, message, script.path, script.facts.lines.get(name, 1))


def _computed(script: Script, name: str) -> Fault:
    message = f"{script.path} computes {name} when it is imported; a static reading cannot know its value."
    return _fault("computed", message, script, name)


def _bad_id(id: str, script: Script) -> list[Fault]:
    found = []
    if len(id) > LONGEST_ID:
        message = f"Revision id {id[:100]} has {len(id)} characters; the version table holds {LONGEST_ID} unless it was widened."
        found.append(_fault("long_id", message, script, "revision"))
    if RESERVED.search(id):
        message = f"Revision id {id[:100]!r} holds a character that Alembic reserves (@, :, + or -)."
        found.append(_fault("bad_id", message, script, "revision"))
    return found


def _missing_parents(kept: dict[str, Script], faults: list[Fault]) -> None:
    for id, script in kept.items():
        for parent in script.facts.down_revisions:
            if parent not in kept:
                message = f"{id} says its parent is {parent or repr(parent)}, which is in no file."
                faults.append(_fault("missing_parent", message, script, "down_revision"))


def _resolved_dependencies(kept: dict[str, Script], faults: list[Fault]) -> dict[str, tuple[str, ...]]:
    """depends_on may name an id or a branch label; Alembic takes no part of an id here."""
    labels = _labelled(kept, faults)
    found = {}
    for id, script in kept.items():
        needs = [need if need in kept else labels.get(need, need) for need in script.facts.depends_on if need]
        faults += [_no_dependency(id, need, script) for need in needs if need not in kept]
        found[id] = tuple(dict.fromkeys(needs))
    return found


def _no_dependency(id: str, need: str, script: Script) -> Fault:
    return _fault("missing_dependency", f"{id} depends on {need}, which is in no file.", script, "depends_on")


def _labelled(kept: dict[str, Script], faults: list[Fault]) -> dict[str, str]:
    labels: dict[str, str] = {}
    for id, script in kept.items():
        for label in script.facts.branch_labels:
            if label in labels or label in kept:
                message = f"Branch label {label or repr(label)} of {id} is used by {labels.get(label, label)} too."
                faults.append(_fault("label_clash", message, script, "branch_labels"))
            labels.setdefault(label, id)
    return labels


def _cut_cycles(
    kept: dict[str, Script], downs: dict[str, tuple[str, ...]], depends: dict[str, tuple[str, ...]], faults: list[Fault]
) -> None:
    """Takes away the edges that close a loop, so that an order exists; each loop is named once."""
    state: dict[str, int] = {}
    for start in kept:
        if start in state:
            continue
        path: list[str] = [start]
        edges = [iter([*downs[start], *depends[start]])]
        state[start] = 1
        while path:
            need = next(edges[-1], None)
            if need is None:
                state[path.pop()] = 2
                edges.pop()
            elif need in kept and state.get(need) == 1:
                _cut(path, need, kept, downs, depends, faults)
            elif need in kept and need not in state:
                state[need] = 1
                path.append(need)
                edges.append(iter([*downs[need], *depends[need]]))


def _cut(
    path: list[str],
    need: str,
    kept: dict[str, Script],
    downs: dict[str, tuple[str, ...]],
    depends: dict[str, tuple[str, ...]],
    faults: list[Fault],
) -> None:
    id = path[-1]
    loop = [*path[path.index(need) :], need]
    script = kept[id]
    kind = "self_loop" if len(loop) == 2 else "cycle"
    name = "down_revision" if need in downs[id] else "depends_on"
    itself = f"{id} is its own parent." if name == "down_revision" else f"{id} depends on itself."
    sentence = itself if kind == "self_loop" else f"Revisions form a loop: {_loop(loop)}."
    faults.append(_fault(kind, sentence, script, name))
    downs[id] = tuple(parent for parent in downs[id] if parent != need)
    depends[id] = tuple(other for other in depends[id] if other != need)


def _loop(ids: list[str]) -> str:
    return " → ".join(ids if len(ids) <= 12 else [*ids[:6], "…", *ids[-6:]])


def _drawn(kept: dict[str, Script], downs: dict[str, tuple[str, ...]], depends: dict[str, tuple[str, ...]], faults: list[Fault]) -> Graph:
    children: dict[str, list[str]] = defaultdict(list)
    dependents: dict[str, list[str]] = defaultdict(list)
    for id in kept:
        for parent in downs[id]:
            children[parent].append(id)
        for need in depends[id]:
            dependents[need].append(id)
    heads = [id for id in kept if not children[id]]
    real = [id for id in heads if not dependents[id]]
    bases = [id for id in kept if not downs[id]]
    nodes = {}
    for id, script in kept.items():
        facts, labels = script.facts, tuple(label for label in script.facts.branch_labels if label)
        nodes[id] = RevisionNode(
            id, downs[id], depends[id], labels, facts.message, facts.doc, script.path, script.sha256, facts.downgrade,
            is_head=not children[id], is_effective_head=not children[id] and bool(dependents[id]), is_base=not downs[id],
            is_merge=len(downs[id]) > 1, is_branch_point=len(children[id]) > 1,
        )  # fmt: skip
    graph = Graph(nodes, [], sorted(heads), sorted(real), sorted(bases), faults)
    graph.order = _ordered(graph, children, dependents)
    return graph


def _ordered(graph: Graph, children: dict[str, list[str]], dependents: dict[str, list[str]]) -> list[str]:
    """Newest first. A branch is followed down as long as possible, so that its revisions stand together."""
    waits_for = {id: len([child for child in [*children[id], *dependents[id]] if child in graph.revisions]) for id in graph.revisions}
    depth = _depths(graph)
    ready = [(-depth[id], id) for id, count in waits_for.items() if not count]
    heapq.heapify(ready)
    order: list[str] = []
    while ready:
        _, id = heapq.heappop(ready)
        while id:
            order.append(id)
            freed = []
            for need in graph.needs(id):
                waits_for[need] -= 1
                if not waits_for[need]:
                    freed.append(need)
            id = freed[0] if freed and (not ready or depth[freed[0]] >= -ready[0][0] - 1) else ""
            for need in freed[1:] if id else freed:
                heapq.heappush(ready, (-depth[need], need))
    return order


def _depths(graph: Graph) -> dict[str, int]:
    """Length of the longest way down to a base."""
    depth: dict[str, int] = {}
    for start in graph.revisions:
        waiting = [start]
        while waiting:
            id = waiting[-1]
            missing = [need for need in graph.needs(id) if need not in depth]
            if id in depth or not missing:
                depth.setdefault(id, 1 + max((depth[need] for need in graph.needs(id)), default=0))
                waiting.pop()
            else:
                waiting += missing
    return depth
