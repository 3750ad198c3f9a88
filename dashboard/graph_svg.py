"""The whole history as one drawing that stands alone: with its own styles, for light and dark, and words for those who cannot see it."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from dashboard.graph_map import EDGE, TOP, traced
from dashboard.graph_rows import COLOURS
from dashboard.graph_view import GraphView
from dashboard.svg import fit
from environments.models import Database
from migrations_store import graph as graphs
from migrations_store import lanes
from migrations_store.graph import RevisionNode
from migrations_store.models import Project, Snapshot

STEP = 22
LANE = 14
LANES = 20
ID_WIDTH = 116
LETTER = 7
LONGEST = 90  # letters of a message
STYLE = (
    "svg{color-scheme:light dark;background:#fff;font:13px system-ui,sans-serif}"
    "path{fill:none;stroke-width:2}.d{stroke-dasharray:3 4}text{fill:#161c24}.i{font:12px ui-monospace,monospace;fill:#566070}"
    ".p{font-weight:600}.h{fill:#fff;stroke-width:2}"
    ".c0{stroke:#3567c4}.c1{stroke:#8a4fc0}.c2{stroke:#0f7d88}.c3{stroke:#b13f86}.c4{stroke:#6b7480}.c5{stroke:#8b5e34}"
    ".f0{fill:#3567c4}.f1{fill:#8a4fc0}.f2{fill:#0f7d88}.f3{fill:#b13f86}.f4{fill:#6b7480}.f5{fill:#8b5e34}"
    "@media(prefers-color-scheme:dark){svg{background:#161b21}text{fill:#e7ebf0}.i{fill:#9ba7b4}.h{fill:#161b21}"
    ".c0{stroke:#6ea3ee}.c1{stroke:#bb8cf0}.c2{stroke:#4dbcc6}.c3{stroke:#ea86c3}.c4{stroke:#94a0ad}.c5{stroke:#cfa274}"
    ".f0{fill:#6ea3ee}.f1{fill:#bb8cf0}.f2{fill:#4dbcc6}.f3{fill:#ea86c3}.f4{fill:#94a0ad}.f5{fill:#cfa274}}"
)


@dataclass(frozen=True)
class Line:
    """One row: `id` and `message` beside its node, and what stands there."""

    y: int
    x: int
    colour: int
    hollow: bool
    id: str
    message: str
    marks: str


def draw(project: Project, snapshot: Snapshot, databases: list[Database]) -> str:
    graph = graphs.load(snapshot)
    view = GraphView(graph, databases)
    rows = _rows(view)
    lines = [_line(view, place, id, row) for place, (id, row) in enumerate(rows)]
    indent = EDGE + LANE * min(LANES, max((1 + lane for _id, row in rows for lane in _lanes(row)), default=1)) + 8
    longest = max((len(line.message) + len(line.marks) + 3 for line in lines), default=0)
    width, height = indent + ID_WIDTH + LETTER * max(longest, 30) + EDGE, 2 * TOP + STEP * max(0, len(rows) - 1)
    title, paths = _("History of %(project)s") % {"project": project.slug}, traced([row for _id, row in rows], STEP, LANE, LANES)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img"',
        f' aria-labelledby="t d"><title id="t">{fit(title)}</title><desc id="d">{fit(_told(view))}</desc><style>{STYLE}</style>\n',
        *(f'<path class="c{colour}{" d" if dashed else ""}" d="{d}"/>\n' for colour, dashed, d in paths),
        *(_drawn(line, indent) for line in lines),
        "</svg>\n",
    ]
    return "".join(parts)


def _drawn(line: Line, indent: int) -> str:
    dot = f'<circle class="{"h c" if line.hollow else "f"}{line.colour}" cx="{line.x}" cy="{line.y}" r="4"/>'
    marks = f'<tspan class="p" dx="8">{fit(line.marks)}</tspan>' if line.marks else ""
    id = f'<text x="{indent}" y="{line.y + 4}" class="i">{fit(line.id)}</text>'
    return f'{dot}{id}<text x="{indent + ID_WIDTH}" y="{line.y + 4}">{fit(line.message)}{marks}</text>\n'


def _rows(view: GraphView) -> list[tuple[str, lanes.LaneRow]]:
    """With the ghosts in their places."""
    found = []
    for place, id in enumerate(view.graph.order):
        found.append((id, view.layout[place]))
        found += [(ghost.revision, ghost.row) for ghost in view.ghosts.get(place, ())]
    return found


def _lanes(row: lanes.LaneRow) -> list[int]:
    return [row.lane, *(lane for edge in row.edges for lane in (edge.source, edge.target))]


def _line(view: GraphView, place: int, id: str, row: lanes.LaneRow) -> Line:
    node = view.graph.revisions.get(id)
    message = node.message[:LONGEST] if node else _("in no file")
    marks = ", ".join(_marks(view, node)) if node else ""
    x = EDGE + LANE * min(row.lane, LANES - 1)
    return Line(TOP + STEP * place, x, row.color % COLOURS, node is None or id not in view.applied, id[:12], message, marks)


def _marks(view: GraphView, node: RevisionNode) -> list[str]:
    found = [pin.label for pin in view.pins(node.revision)]
    found += [_("head")] if node.is_head and not node.is_effective_head else []
    found += list(node.branch_labels)
    return found + ([_("needs %(others)s") % {"others": ", ".join(need[:12] for need in node.depends_on)}] if node.depends_on else [])


def _told(view: GraphView) -> str:
    """The drawing in a sentence or two."""
    graph = view.graph
    words = {"count": len(graph.order), "heads": ", ".join(graph.real_heads[:6]), "bases": ", ".join(graph.bases[:6])}
    found = [_("%(count)s revisions, newest first. Heads: %(heads)s. Bases: %(bases)s.") % words]
    found += [f"{pin.exact}: {revision}." for revision in view.standing for pin in view.pins(revision)][:40]
    return " ".join(found)
