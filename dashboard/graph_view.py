"""The history as rows to draw: lanes, pins of databases, lines above which revisions are pending, and folded runs.

Every length is in SVG units: lanes are 18 apart, a row's node sits at 20, and a line that leaves a row goes on
to 100 %, however high it is.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import pairwise

from dashboard.moves import Move, next_move
from environments.models import Database
from migrations_store import lanes
from migrations_store.graph import LOADED, Graph, RevisionNode

WINDOW = 100
FOLD_FROM = 20  # longer straight runs are folded
ALWAYS_SHOWN = 10  # the newest revisions never are
CONTEXT = 8  # rows above the one that was jumped to
WIDEST = 12  # lanes drawn; beyond, lines share the last
COLOURS = 6
CREATE_DATE = re.compile(r"^Create Date: *(\d{4}-\d\d-\d\d)", re.MULTILINE)


@dataclass(frozen=True)
class Stroke:
    """A curve if `d` is given, else an upright line at `x`."""

    colour: int
    x: int = 0
    y1: str = "0"
    y2: str = "100%"
    d: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Dot:
    colour: int
    x: int
    diamond: bool
    hollow: bool


@dataclass(frozen=True)
class Pin:
    """Databases of one environment that stand at a revision."""

    label: str
    protected: bool
    database: Database
    exact: str


@dataclass(frozen=True)
class Rule:
    text: str
    move: Move | None
    database: Database


@dataclass(frozen=True)
class Row:
    """`kind` is revision, rule or fold; only the fields of its kind are set."""

    kind: str
    strokes: list[Stroke]
    node: RevisionNode | None = None
    dot: Dot | None = None
    pins: list[Pin] = field(default_factory=list)
    told: str = ""
    created: str = ""
    selected: bool = False
    rule: Rule | None = None
    folded: int = 0
    first: str = ""


@dataclass(frozen=True)
class Window:
    """`after` continues below, `newer` is a revision to jump to for the rows above; either is empty at its end."""

    rows: list[Row]
    shown: int
    total: int
    after: str
    newer: str
    width: int
    top: int = 0
    bottom: int = 0


Item = tuple[int, int]  # indexes in the order, the second exclusive; a fold when they are more than one apart


class GraphView:
    """One reading of a project's graph with the databases in it. `busy` holds the ids of databases on which a job is under way."""

    def __init__(self, graph: Graph, databases: list[Database], busy: Iterable[object] = (), *, folded: bool = True) -> None:
        self.graph, self.databases, self.busy, self.folded = graph, databases, set(busy), folded
        self.index = {revision: place for place, revision in enumerate(graph.order)}
        self.layout = lanes.layout(graph)

    # --- where databases are

    @cached_property
    def standing(self) -> dict[str, list[Database]]:
        found: dict[str, list[Database]] = defaultdict(list)
        for database in self.databases:
            for revision in database.current:
                found[revision].append(database)
        return found

    @cached_property
    def applied(self) -> set[str]:
        """What at least one database has."""
        current = {revision for database in self.databases for revision in database.current if revision in self.index}
        return self.graph.ancestors(current)

    @cached_property
    def rules(self) -> dict[int, list[Rule]]:
        """By the index of the row below the line: the topmost revision of each database that lacks something."""
        found: dict[int, dict[str, Rule]] = defaultdict(dict)
        for database in self.databases:
            places = [self.index[revision] for revision in database.current if revision in self.index]
            if database.pending_count and (places or not database.current):
                place = min(places, default=len(self.graph.order))
                found[place].setdefault(database.environment.slug, self._rule(database, place))
        return {place: list(rules.values()) for place, rules in found.items()}

    def _rule(self, database: Database, place: int) -> Rule:
        above = sum(1 for revision in database.pending if self.index.get(revision, place) < place)
        count = str(above) if above == database.pending_count else f"{above} of {database.pending_count}"
        move = None if database.pk in self.busy else next_move(database, self.databases)
        return Rule(f"Above: {count} pending on {place_name(database)}", move, database)

    def pins(self, revision: str) -> list[Pin]:
        """One per environment; in a fleet it counts."""
        grouped: dict[str, list[Database]] = defaultdict(list)
        for database in self.standing.get(revision, []):
            grouped[database.environment.slug].append(database)
        return [_pin(found) for found in grouped.values()]

    # --- windows

    def window(self, *, at: str = "", after: str = "") -> Window:
        """A hundred rows around `at`, or below `after`, or from the top."""
        selected = self._find(at)
        items = self._items(selected)
        start = self._start(items, selected, self.index.get(after))
        part = items[start : start + WINDOW]
        rows = [row for first, last in part for row in self._rows(first, last, selected)]
        if part and part[-1][1] == len(self.graph.order):
            rows += [self._rule_row(rule, []) for rule in self.rules.get(len(self.graph.order), [])]
        more = start + WINDOW < len(items)
        return Window(
            rows=rows,
            shown=sum(row.kind == "revision" for row in rows),
            total=len(self.graph.order),
            after=self.graph.order[part[-1][1] - 1] if more else "",
            newer=self.graph.order[items[max(0, start - WINDOW + CONTEXT)][0]] if start else "",
            width=self._width(part),
            top=part[0][0] if part else 0,
            bottom=part[-1][1] if part else 0,
        )

    def search(self, found: list[str]) -> Window:
        """The hits alone, each with its node but without lines, which would lead nowhere."""
        rows = [self._revision_row(self.index[revision], None, alone=True) for revision in found[:WINDOW] if revision in self.index]
        return Window(rows, len(rows), len(found), "", "", 3)

    def _find(self, at: str) -> int | None:
        """The index of a revision by its id or the beginning of one."""
        if not at or at in self.index:
            return self.index.get(at)
        return next((place for revision, place in self.index.items() if revision.startswith(at)), None)

    def _start(self, items: list[Item], selected: int | None, after: int | None) -> int:
        if after is not None:
            return next((place for place, (first, _) in enumerate(items) if first > after), len(items))
        if selected is not None:
            return max(0, next(place for place, (_, last) in enumerate(items) if last > selected) - CONTEXT)
        return 0

    def _items(self, selected: int | None) -> list[Item]:
        """Rows of one revision each, but for long runs of plain ones that nothing marks."""
        marks = {self.index[revision] for revision in self.standing if revision in self.index} | set(self.rules)
        marks |= set() if selected is None else {selected}
        cuts = sorted({ALWAYS_SHOWN, *marks, *(mark + 1 for mark in marks)})
        found: list[Item] = []
        for first, last in runs(self.graph):
            edges = [first, *cuts[bisect_right(cuts, first) : bisect_left(cuts, last)], last]
            for start, end in pairwise(edges):
                if self.folded and start >= ALWAYS_SHOWN and end - start > FOLD_FROM:
                    found.append((start, end))
                else:
                    found += [(place, place + 1) for place in range(start, end)]
        return found

    # --- rows

    def _rows(self, first: int, last: int, selected: int | None) -> list[Row]:
        rules = [self._rule_row(rule, self._above(first)) for rule in self.rules.get(first, [])]
        if last - first > 1:
            strokes = [_dashed(stroke) if stroke.x == x_of(self.layout[first].lane) else stroke for stroke in self._above(first)]
            return [*rules, Row("fold", strokes, folded=last - first, first=self.graph.order[first])]
        return [*rules, self._revision_row(first, selected)]

    def _rule_row(self, rule: Rule, strokes: list[Stroke]) -> Row:
        return Row("rule", strokes, rule=rule)

    def _revision_row(self, place: int, selected: int | None, *, alone: bool = False) -> Row:
        row, node = self.layout[place], self.graph.revisions[self.graph.order[place]]
        strokes = [] if alone else [stroke for edge in row.edges for stroke in strokes_of(edge)]
        dot = Dot(row.color % COLOURS, x_of(0 if alone else row.lane), node.is_merge, node.revision not in self.applied)
        created = CREATE_DATE.search(node.doc)
        pins = self.pins(node.revision)
        told = _told(node, pins, applied=node.revision in self.applied)
        return Row("revision", strokes, node, dot, pins, told, created.group(1) if created else "", place == selected)

    def _above(self, place: int) -> list[Stroke]:
        """The upright lines between the row at `place` and the one above it."""
        return [Stroke(edge.color % COLOURS, x_of(edge.source)) for edge in self.layout[place].edges if edge.kind != "out"]

    def _width(self, items: list[Item]) -> int:
        """How many lanes the widest row of the window needs, 3 at least."""
        used = [max([self.layout[first].lane, *(max(e.source, e.target) for e in self.layout[first].edges)]) for first, _ in items]
        return min(WIDEST, max([2, *used]) + 1)


@lru_cache(maxsize=LOADED)
def runs(graph: Graph) -> list[Item]:
    """The order cut into runs of plain revisions that are drawn alike; whatever is not plain is a run of its own."""
    layout, found = lanes.layout(graph), list[Item]()
    for place, row in enumerate(layout):
        first = found[-1][0] if found else 0
        same = bool(found) and (row.lane, row.edges) == (layout[first].lane, layout[first].edges)
        if same and _is_plain(graph, place) and _is_plain(graph, first):
            found[-1] = (first, place + 1)
        else:
            found.append((place, place + 1))
    return found


def _is_plain(graph: Graph, place: int) -> bool:
    node = graph.revisions[graph.order[place]]
    return not (node.is_head or node.is_base or node.is_merge or node.is_branch_point or node.branch_labels or node.depends_on)


@dataclass(frozen=True)
class Chip:
    """A place to jump to."""

    label: str
    revision: str
    protected: bool = False


def chips(graph: Graph, databases: list[Database]) -> list[Chip]:
    """Each environment whose revision the graph has, once; then the base."""
    found: dict[str, Chip] = {}
    for database in databases:
        known = [revision for revision in database.current if revision in graph.revisions]
        if known:
            found.setdefault(database.environment.slug, Chip(database.environment.slug, known[0], database.environment.protected))
    return [*found.values(), *(Chip("base", base) for base in graph.bases[-1:])]


def place_name(database: Database) -> str:
    return f"{database.environment.slug} {database.name}".strip()


def x_of(lane: int) -> int:
    return 10 + 18 * min(lane, WIDEST - 1)


def strokes_of(edge: lanes.Edge) -> list[Stroke]:
    """What one edge of a row looks like; a line that changes lanes is curved between the row's edge and its node."""
    colour, x1, x2 = edge.color % COLOURS, x_of(edge.source), x_of(edge.target)
    if edge.kind == "pass":
        return [Stroke(colour, x1)]
    if edge.kind == "in":
        return [Stroke(colour, x1, y2="20") if x1 == x2 else Stroke(colour, d=f"M{x1} 0C{x1} 16 {x2} 4 {x2} 20")]
    if x1 == x2:
        return [Stroke(colour, x1, y1="20")]
    return [Stroke(colour, d=f"M{x1} 20C{x1} 36 {x2} 24 {x2} 40"), Stroke(colour, x2, y1="40")]


def _dashed(stroke: Stroke) -> Stroke:
    return Stroke(stroke.colour, stroke.x, stroke.y1, stroke.y2, stroke.d, dashed=True)


def _pin(found: list[Database]) -> Pin:
    first = found[0]
    label = place_name(first) if len(found) == 1 else f"{first.environment.slug} ×{len(found)}"
    return Pin(label, first.environment.protected, first, ", ".join(place_name(database) for database in found[:20]))


def _told(node: RevisionNode, pins: list[Pin], *, applied: bool) -> str:
    """What the drawing says, in words."""
    parts = ["Head"] if node.is_head and not node.is_effective_head else []
    parts += [f"Merge of {' and '.join(node.down_revisions)}"] if node.is_merge else []
    parts += ["Branch point"] if node.is_branch_point else []
    parts += ["Base"] if node.is_base else []
    parts += [f"Current on {pin.label}" for pin in pins]
    parts += [] if applied else ["Not applied anywhere"]
    return ", ".join(parts) or "Applied"
