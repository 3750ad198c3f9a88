"""The whole history in one small drawing beside the rows, with the places of databases and heads."""

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

from dashboard.graph_view import COLOURS, GraphView, Window
from migrations_store import lanes
from migrations_store.graph import LOADED, Graph

HEIGHT = 316
PINS = 8
LANE = 10
LANES = 6
LABEL_GAP = 22


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
class Map:
    height: int
    paths: list[tuple[int, str]]
    dots: list[tuple[int, float]]
    labels: list[Label]
    top: float
    shown: float
    width: int


def draw_map(view: GraphView, window: Window) -> Map:
    """The whole history in one drawing: one path for each colour, whatever the number of revisions."""
    count = len(view.graph.order)
    height = min(HEIGHT, 40 + max(16 * count, LABEL_GAP * len(_wanted(view))))
    step = (height - 40) / max(1, count - 1)
    dots = [(_x(row.lane), 20 + step * place) for place, row in enumerate(view.layout)] if count <= 60 else []
    width = _x(max((row.lane for row in view.layout), default=0)) + 12
    top, bottom = 20 + step * window.top - 9, 20 + step * max(0, window.bottom - 1) + 9
    return Map(height, _paths(view.graph, step), dots, _labels(view, step, height), top, bottom - top, width)


def _x(lane: int) -> int:
    return 16 + LANE * min(lane, LANES - 1)


@lru_cache(maxsize=LOADED)
def _paths(graph: Graph, step: float) -> list[tuple[int, str]]:
    """Upright pieces of a lane are joined as long as they follow each other; what changes lanes is a short curve."""
    paths: dict[int, list[str]] = defaultdict(list)
    open_lines: dict[tuple[int, int], float] = {}
    for place, row in enumerate(lanes.layout(graph)):
        y, going = 20 + step * place, set()
        for edge in row.edges:
            if edge.kind == "in":
                continue
            colour, x1, x2 = edge.color % COLOURS, _x(edge.source), _x(edge.target)
            if x1 == x2:
                going.add((colour, x1))
                open_lines.setdefault((colour, x1), y)
            else:
                paths[colour].append(f"M{x1} {y:.1f}L{x2} {y + step:.1f}")
        for line in [line for line in open_lines if line not in going]:
            paths[line[0]].append(f"M{line[1]} {open_lines.pop(line):.1f}V{y:.1f}")
    return [(colour, "".join(parts)) for colour, parts in sorted(paths.items())]


def _wanted(view: GraphView) -> list[tuple[int, Label]]:
    """Index and label of each environment, each head and the base, from the top down; the y are filled in later."""
    found = []
    for revision, databases in view.standing.items():
        if revision in view.index:
            for pin in view.pins(revision):
                behind = databases[0].pending_count
                note = f"{revision[:8]}, {behind} behind" if behind else revision[:8]
                found.append((view.index[revision], Label(0, 0, 0, note, pin.label[:12], 14 + 7 * min(12, len(pin.label)))))
    taken = {place for place, _ in found}
    heads = [view.index[head] for head in view.graph.real_heads if view.index[head] not in taken]
    found += [(place, Label(0, 0, 0, _head_words(view, place), head=True)) for place in heads[:4]]
    bases = [view.index[base] for base in view.graph.bases if view.index[base] not in taken]
    found += [(place, Label(0, 0, 0, "base")) for place in bases[:1]]
    return sorted(found, key=lambda item: item[0])[:PINS]


def _head_words(view: GraphView, place: int) -> str:
    labels = view.graph.revisions[view.graph.order[place]].branch_labels
    return ", ".join(["head", *labels])[:24]


def _labels(view: GraphView, step: float, height: int) -> list[Label]:
    """Labels pushed down where they would overlap, and up again from the lower edge."""
    wanted = _wanted(view)
    places: list[float] = []
    for index, _ in wanted:
        places.append(max(20 + step * index, places[-1] + LABEL_GAP if places else 0))
    for back in range(len(places) - 1, -1, -1):
        limit = height - 12 if back == len(places) - 1 else places[back + 1] - LABEL_GAP
        places[back] = min(places[back], limit)
    return [
        Label(_x(view.layout[index].lane), 20 + step * index, y, label.text, label.pin, label.pin_width, label.head)
        for (index, label), y in zip(wanted, places, strict=True)
    ]
