"""The history as rows to draw: lanes, pins of databases, lines above which revisions are pending, ghosts, and folded runs."""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import pairwise

from django.utils.translation import gettext as _

from dashboard.graph_rows import COLOURS, WIDEST, Dot, Missing, Pin, Row, Rule, Stroke, Window, joined, place_name, strokes_of, x_of
from dashboard.moves import next_move
from environments.models import Database
from migrations_store import lanes
from migrations_store.graph import LOADED, Graph, RevisionNode

WINDOW = 60  # with it a page of thousands weighs no more than 60 KB
FOLD_FROM = 20  # longer straight runs are folded
ALWAYS_SHOWN = 10  # the newest revisions never are
NEIGHBOURS = 3  # rows around the one that was jumped to are not folded
CONTEXT = 8  # rows above the one that was jumped to
UNFOLDED_HITS = 200  # more hits of a search do not open folds
CREATE_DATE = re.compile(r"^Create Date: *(\d{4}-\d\d-\d\d)", re.MULTILINE)
NAMED_IN = {"missing_parent", "missing_dependency"}

Item = tuple[int, int]  # indexes in the order, the second exclusive; a fold when they are more than one apart


class GraphView:
    """One reading of a project's graph with the databases in it. `busy` holds the ids of databases on which a job is under way, or for
    which nothing is to be offered; `hits` what a search has found."""

    def __init__(
        self, graph: Graph, databases: list[Database], busy: Iterable[object] = (), *, folded: bool = True, hits: Iterable[str] = ()
    ) -> None:
        self.graph, self.databases, self.busy, self.folded = graph, databases, set(busy), folded
        self.index = {revision: place for place, revision in enumerate(graph.order)}
        self.layout, self.ghosts = lanes.drawn(graph).rows, lanes.drawn(graph).ghosts
        self.hits = set(hits)

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
        words = {"count": above, "all": database.pending_count, "place": place_name(database)}
        whole = above == database.pending_count
        text = _("Above: %(count)s pending on %(place)s") if whole else _("Above: %(count)s of %(all)s pending on %(place)s")
        return Rule(text % words, None if database.pk in self.busy else next_move(database, self.databases), database)

    def pins(self, revision: str) -> list[Pin]:
        """One per environment; in a fleet it counts."""
        grouped: dict[str, list[Database]] = defaultdict(list)
        for database in self.standing.get(revision, []):
            grouped[database.environment.slug].append(database)
        return [_pin(found) for found in grouped.values()]

    # --- windows

    def window(self, *, at: str = "", after: str = "") -> Window:
        """Some rows around `at`, or below `after`, or from the top."""
        selected = self.find(at)
        items = self._items(selected)
        start = self._start(items, selected, self.index.get(after))
        part = items[start : start + WINDOW]
        rows = [row for first, last in part for row in self._rows(first, last, selected)]
        if part and part[-1][1] == len(self.graph.order):
            rows += [Row("rule", [], rule=rule) for rule in self.rules.get(len(self.graph.order), [])]
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

    def search(self, found: list[str], *, after: str = "") -> Window:
        """The hits alone, each with its node but without lines, which would lead nowhere."""
        start = found.index(after) + 1 if after in self.hits else 0
        part = found[start : start + WINDOW]
        rows = [replace(self._revision_row(self.index[revision], None, alone=True), hit=False) for revision in part]
        more = part[-1] if start + WINDOW < len(found) else ""
        return Window(rows, len(rows), len(found), more, "", 3)

    def find(self, at: str) -> int | None:
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
        marks |= set() if selected is None else set(range(selected - NEIGHBOURS, selected + NEIGHBOURS + 1))
        marks |= {self.index[hit] for hit in self.hits} if len(self.hits) <= UNFOLDED_HITS else set()
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
        rules = [Row("rule", self._above(first), rule=rule) for rule in self.rules.get(first, [])]
        if last - first > 1:
            own = x_of(self.layout[first].lane)
            strokes = [replace(stroke, dashed=True) if stroke.x == own else stroke for stroke in self._above(first)]
            return [*rules, Row("fold", strokes, folded=last - first, first=self.graph.order[first])]
        return [*rules, self._revision_row(first, selected), *(self._ghost_row(ghost) for ghost in self.ghosts.get(first, ()))]

    def _revision_row(self, place: int, selected: int | None, *, alone: bool = False) -> Row:
        row, node = self.layout[place], self.graph.revisions[self.graph.order[place]]
        strokes = [] if alone else joined([stroke for edge in row.edges for stroke in strokes_of(edge)])
        applied = node.revision in self.applied
        dot = Dot(row.color % COLOURS, x_of(0 if alone else row.lane), node.is_merge, not applied)
        created, pins, hit = CREATE_DATE.search(node.doc), self.pins(node.revision), node.revision in self.hits
        told = _told(node, pins, applied=applied, hit=hit and not alone)
        return Row("revision", strokes, node, dot, pins, told, created.group(1) if created else "", place == selected, hit)

    def _ghost_row(self, ghost: lanes.Ghost) -> Row:
        strokes = [stroke for edge in ghost.row.edges for stroke in strokes_of(edge)]
        dot = Dot(ghost.row.color % COLOURS, x_of(ghost.row.lane), diamond=False, hollow=True)
        return Row("ghost", strokes, dot=dot, missing=Missing(ghost.revision, [self._named_at(id) for id in ghost.named_by]))

    def _named_at(self, id: str) -> str:
        """Path and line where a revision names what is missing."""
        path = self.graph.revisions[id].path
        line = next((fault.line for fault in self.graph.faults if fault.kind in NAMED_IN and fault.path == path), 0)
        return f"{path}:{line}" if line else path

    def _above(self, place: int) -> list[Stroke]:
        """The upright lines between the row at `place` and the one above it."""
        edges = [edge for edge in self.layout[place].edges if edge.kind != "out"]
        return [Stroke(edge.color % COLOURS, x_of(edge.source), dashed=edge.dashed) for edge in edges]

    def _width(self, items: list[Item]) -> int:
        """How many lanes the widest row of the window needs, 3 at least."""
        rows = [self.layout[first] for first, _ in items]
        rows += [ghost.row for first, _ in items for ghost in self.ghosts.get(first, ())]
        used = [max([row.lane, *(max(edge.source, edge.target) for edge in row.edges)]) for row in rows]
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
    marked = node.is_head or node.is_base or node.is_merge or node.is_branch_point or node.branch_labels or node.depends_on
    return not marked and all(parent in graph.revisions for parent in node.down_revisions)


def _pin(found: list[Database]) -> Pin:
    first = found[0]
    label = place_name(first) if len(found) == 1 else f"{first.environment.slug} ×{len(found)}"
    return Pin(label, first.environment.protected, first, ", ".join(place_name(database) for database in found[:20]))


def _told(node: RevisionNode, pins: list[Pin], *, applied: bool, hit: bool) -> str:
    """What the drawing says, in words."""
    parts = [_("Found by the search")] if hit else []
    parts += [_("Head")] if node.is_head and not node.is_effective_head else []
    parts += [_("Merge of %(parents)s") % {"parents": ", ".join(node.down_revisions)}] if node.is_merge else []
    parts += [_("Depends on %(others)s") % {"others": ", ".join(node.depends_on)}] if node.depends_on else []
    parts += [_("Branch point")] if node.is_branch_point else []
    parts += [_("Base")] if node.is_base else []
    parts += [_("Current on %(place)s") % {"place": pin.label} for pin in pins]
    parts += [] if applied else [_("Not applied anywhere")]
    return ", ".join(parts) or _("Applied")
