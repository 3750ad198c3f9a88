"""The whole history in one small drawing beside the rows: where databases, heads and hits are, and ways to go there."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from django.utils.translation import gettext as _

from dashboard.graph_rows import COLOURS, Window
from dashboard.graph_view import GraphView
from migrations_store import lanes
from migrations_store.graph import LOADED, Graph

HEIGHT = 316
PINS = 8
TOP = 20
EDGE = 16
LANE = 10
LANES = 6
LABEL_GAP = 22
REGIONS = 24
FINE = 0.5  # rows that are closer are not drawn one by one
CLOSED = 2
Upright = tuple[int, bool, int]  # a line that stands: its colour, whether it is dashed, its x


@dataclass(frozen=True)
class Label:
    """A text beside the history, with a leader from `y` (where it belongs) to `text_y` (where there is room)."""

    x: int
    y: float
    text_y: float
    text: str
    pin: str = ""
    pin_width: int = 0
    head: bool = False

    @property
    def box_y(self) -> str:
        return f"{self.text_y - 9:.1f}"


@dataclass(frozen=True)
class Region:
    """A slice that leads to the rows in it."""

    y: str
    height: str
    revision: str


@dataclass(frozen=True)
class Map:
    """`paths` are colour, dashed and shape; `hits` is one shape for all of them."""

    height: int
    paths: list[tuple[int, bool, str]]
    dots: list[tuple[int, float]]
    labels: list[Label]
    top: float
    shown: float
    width: int
    hits: str
    regions: list[Region]


def draw_map(view: GraphView, window: Window) -> Map:
    """The whole history in one drawing: one path for each colour, whatever the number of revisions."""
    count = len(view.graph.order)
    height = min(HEIGHT, 40 + max(16 * count, LABEL_GAP * len(_wanted(view))))
    step = (height - 40) / max(1, count - 1)
    dots = [(_x(row.lane), 20 + step * place) for place, row in enumerate(view.layout)] if count <= 60 else []
    width = _x(max((row.lane for row in view.layout), default=0)) + 12
    top, bottom = 20 + step * window.top - 9, 20 + step * max(0, window.bottom - 1) + 9
    hits = _hits(width, (20 + step * view.index[hit] for hit in view.hits))
    labels, regions = _labels(view, step, height), _regions(view.graph, step, height)
    return Map(height, _paths(view.graph, step), dots, labels, top, bottom - top, width, hits, regions)


def _x(lane: int) -> int:
    return EDGE + LANE * min(lane, LANES - 1)


def _hits(width: int, places: Iterable[float]) -> str:
    """Ticks at the side; those that would lie on each other are one."""
    return "".join(f"M{width + 3} {y:.1f}h8" for y in sorted({round(place * 2) / 2 for place in places}))


def _regions(graph: Graph, step: float, height: int) -> list[Region]:
    """Equal slices, each leading to the revision in its middle."""
    count = len(graph.order)
    slices = min(REGIONS, count)
    tall = (height - 20) / max(1, slices)
    middles = [min(count - 1, max(0, round(((place + 0.5) * tall - 10) / step) if step else 0)) for place in range(slices)]
    return [Region(f"{10 + place * tall:.1f}", f"{tall:.1f}", graph.order[middle]) for place, middle in enumerate(middles)]


@lru_cache(maxsize=LOADED)
def _paths(graph: Graph, step: float) -> list[tuple[int, bool, str]]:
    return traced(lanes.layout(graph), step, LANE, LANES) if step >= FINE else _coarse(graph, step)


def _coarse(graph: Graph, step: float) -> list[tuple[int, bool, str]]:
    """Where rows are closer than the eye can tell, only how far each lane reaches; gaps that nobody would see are closed."""
    reach: dict[int, list[list[float]]] = defaultdict(list)
    for place, row in enumerate(lanes.layout(graph)):
        y = TOP + step * place
        for lane in {row.lane, *(edge.target for edge in row.edges if not edge.dashed)}:
            spans = reach[min(lane, LANES - 1)]
            if spans and y - spans[-1][1] <= CLOSED:
                spans[-1][1] = y
            else:
                spans.append([y, y])
    told = {lane: "".join(f"M{_x(lane)} {top:.1f}V{bottom + 1:.1f}" for top, bottom in spans) for lane, spans in reach.items()}
    return [(lane % COLOURS, False, d) for lane, d in sorted(told.items())]


def traced(rows: list[lanes.LaneRow], step: float, gap: int, widest: int) -> list[tuple[int, bool, str]]:
    """One path for each colour, dashed or not. Upright pieces of a lane are joined as long as they follow each other; where a lane ends it
    bends to the node that it has led to."""
    paths: dict[tuple[int, bool], list[str]] = defaultdict(list)
    open_lines: dict[Upright, float] = {}
    for place, row in enumerate(rows):
        y, going, bends = TOP + step * place, set(), dict[Upright, int]()
        for edge in row.edges:
            colour, x1, x2 = edge.color % COLOURS, *(EDGE + gap * min(lane, widest - 1) for lane in (edge.source, edge.target))
            if edge.kind == "in":
                bends[colour, edge.dashed, x1] = x2
            elif x1 == x2:
                going.add((colour, edge.dashed, x1))
                open_lines.setdefault((colour, edge.dashed, x1), y)
            else:
                paths[colour, edge.dashed].append(f"M{x1} {y:.1f}L{x2} {y + step:.1f}")
        for line in [line for line in open_lines if line not in going]:
            paths[line[:2]].append(_ended(line[2], open_lines.pop(line), y, bends.pop(line, line[2]), min(step, gap)))
        for line, x in bends.items():  # what came slanting from the node above
            paths[line[:2]].append(f"M{line[2]} {y:.1f}H{x}" if x != line[2] else "")
    for line, y in open_lines.items():  # to a ghost below the last row
        paths[line[0], line[1]].append(f"M{line[2]} {y:.1f}v{min(step, 10):.1f}")
    return [(colour, dashed, "".join(parts)) for (colour, dashed), parts in sorted(paths.items())]


def _ended(x: int, top: float, bottom: float, to: int, bend: float) -> str:
    """An upright line from `top`, and its way to the node at `to` and `bottom`."""
    if x == to:
        return f"M{x} {top:.1f}V{bottom:.1f}"
    return f"M{x} {top:.1f}V{max(top, bottom - bend):.1f}L{to} {bottom:.1f}"


def _wanted(view: GraphView) -> list[tuple[int, Label]]:
    """Index and label of each environment, each head and the base, from the top down; the y are filled in later."""
    found = []
    for revision, databases in view.standing.items():
        if revision in view.index:
            for pin in view.pins(revision):
                behind = databases[0].pending_count
                note = f"{revision[:8]} −{behind}" if behind else revision[:8]
                found.append((view.index[revision], Label(0, 0, 0, note, pin.label[:12], 14 + 7 * min(12, len(pin.label)))))
    taken = {place for place, _label in found}
    heads = [view.index[head] for head in view.graph.real_heads if view.index[head] not in taken]
    found += [(place, Label(0, 0, 0, _head_words(view, place), head=True)) for place in heads[:4]]
    bases = [view.index[base] for base in view.graph.bases if view.index[base] not in taken]
    found += [(place, Label(0, 0, 0, _("base"))) for place in bases[:1]]
    return sorted(found, key=lambda item: item[0])[:PINS]


def _head_words(view: GraphView, place: int) -> str:
    labels = view.graph.revisions[view.graph.order[place]].branch_labels
    return ", ".join([_("head"), *labels])[:24]


def _labels(view: GraphView, step: float, height: int) -> list[Label]:
    """Labels pushed down where they would overlap, and up again from the lower edge."""
    wanted = _wanted(view)
    places: list[float] = []
    for index, _label in wanted:
        places.append(max(20 + step * index, places[-1] + LABEL_GAP if places else 0))
    for back in range(len(places) - 1, -1, -1):
        limit = height - 12 if back == len(places) - 1 else places[back + 1] - LABEL_GAP
        places[back] = min(places[back], limit)
    return [
        Label(_x(view.layout[index].lane), 20 + step * index, y, label.text, label.pin, label.pin_width, label.head)
        for (index, label), y in zip(wanted, places, strict=True)
    ]
