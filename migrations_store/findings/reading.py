"""The findings of revisions, worked out once for each content of a file and kept by its hash."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from migrations_store.findings import whole
from migrations_store.findings.change import Change
from migrations_store.findings.code import Reading
from migrations_store.findings.finding import Finding, worst_first
from migrations_store.findings.registry import judge, told
from migrations_store.graph import Graph, RevisionNode, load
from migrations_store.models import Snapshot, SourceText
from migrations_store.scripts import parsed

KEPT = 5000
DIRECTIONS = ("upgrade", "downgrade")


@dataclass(frozen=True)
class Read:
    """What one direction of a file does, and what the rules say of it; neither knows its revision."""

    changes: tuple[Change, ...] = ()
    findings: tuple[Finding, ...] = ()
    is_read: bool = field(default=True)

    @property
    def does_something(self) -> bool:
        """Also where the text does not tell what."""
        return bool(self.changes) or not self.is_read


_kept: dict[tuple[str, str], Read] = {}


def of_steps(snapshot: Snapshot, steps: Iterable[tuple[str, str]]) -> list[list[Finding]]:
    """Of each (revision, direction), worst first. At most one query, and none for what was read before; a stamp runs nothing."""
    graph, steps = load(snapshot), list(steps)
    reads = changes_of(snapshot, steps)
    return [
        of_node(graph, graph.revisions.get(revision), direction, read) for (revision, direction), read in zip(steps, reads, strict=True)
    ]


def of_revision(snapshot: Snapshot, revision: str) -> list[Finding]:
    """Both ways, each said of the way that it concerns; what concerns the revision as a whole has no direction."""
    return both(*of_steps(snapshot, [(revision, direction) for direction in DIRECTIONS]))


def both(upward: list[Finding], downward: list[Finding]) -> list[Finding]:
    """What concerns the revision as a whole is told with either direction, and once here."""
    return [*upward, *(finding for finding in downward if finding.direction == "downgrade")]


def changes_of(snapshot: Snapshot, steps: Iterable[tuple[str, str]]) -> list[Read]:
    nodes = load(snapshot).revisions
    keys = [(nodes[revision].sha256 if revision in nodes else "", direction) for revision, direction in steps]
    wanted = {sha256 for sha256, direction in keys if sha256 and direction in DIRECTIONS and (sha256, direction) not in _kept}
    texts = dict(SourceText.objects.filter(sha256__in=wanted).values_list("sha256", "text")) if wanted else {}
    return [_read(sha256, direction, texts) for sha256, direction in keys]


def _read(sha256: str, direction: str, texts: dict[str, str]) -> Read:
    if found := _kept.get((sha256, direction)):
        return found
    if sha256 not in texts or direction not in DIRECTIONS:
        return Read(is_read=False)
    if len(_kept) >= KEPT:
        _kept.clear()
    return _kept.setdefault((sha256, direction), read(texts[sha256], direction))


def read(text: str, direction: str) -> Read:
    """Of one file's function. A file that cannot be parsed has no findings here: it is a fault of the history."""
    try:
        walk = Reading(parsed(text))
        walk.run(direction)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Read(is_read=False)
    return Read(tuple(walk.changes), tuple(judge(walk.changes)), is_read=not walk.unclear)


def of_node(graph: Graph, node: RevisionNode | None, direction: str, read: Read) -> list[Finding]:
    if node is None or direction not in DIRECTIONS:
        return []
    return sorted([*placed(read.findings, node.revision, direction), *_whole(graph, node, direction, read)], key=worst_first)


def placed(findings: Iterable[Finding], revision: str, direction: str) -> list[Finding]:
    return [replace(finding, revision=revision, direction=direction) for finding in findings]


def _whole(graph: Graph, node: RevisionNode, direction: str, read: Read) -> list[Finding]:
    """Said with either direction; a downgrade that is about to run does nothing or fails, whatever the upgrade did."""
    does_something = read.does_something or direction == "downgrade"
    found = []
    for rule, detail in whole.found(graph, node, does_something=does_something and not node.is_merge):
        finding = told(rule, Change("", detail=detail), source="code")
        found.append(replace(finding, revision=node.revision, object=""))
    return found
