"""What a row of the history shows, and the shapes of its lines.

Every length is in SVG units: lanes are 18 apart, a row's node sits at 20, and a line that leaves a row goes on
to 100 %, however high it is.
"""

from dataclasses import dataclass, field

from dashboard.moves import Move
from environments.models import Database
from migrations_store.graph import RevisionNode
from migrations_store.lanes import Edge

WIDEST = 12  # lanes drawn; beyond, lines share the last
COLOURS = 6
Look = tuple[str, str, str]


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
class Missing:
    """What some files name and no file has; `places` are path and line of who names it."""

    revision: str
    places: list[str]


@dataclass(frozen=True)
class Row:
    """`kind` is revision, rule, fold or ghost; only the fields of its kind are set."""

    kind: str
    strokes: list[Stroke]
    node: RevisionNode | None = None
    dot: Dot | None = None
    pins: list[Pin] = field(default_factory=list)
    told: str = ""
    created: str = ""
    selected: bool = False
    hit: bool = False
    risk: Look | None = None
    back: str = ""
    rule: Rule | None = None
    folded: int = 0
    first: str = ""
    missing: Missing | None = None


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

    @property
    def nodes(self) -> list[RevisionNode]:
        return [row.node for row in self.rows if row.node]


def x_of(lane: int) -> int:
    return 10 + 18 * min(lane, WIDEST - 1)


def strokes_of(edge: Edge) -> list[Stroke]:
    """What one edge of a row looks like; a line that changes lanes is curved between the row's edge and its node."""
    colour, x1, x2, dashed = edge.color % COLOURS, x_of(edge.source), x_of(edge.target), edge.dashed
    if edge.kind == "pass":
        return [Stroke(colour, x1, dashed=dashed)]
    if edge.kind == "in":
        curve = Stroke(colour, d=f"M{x1} 0C{x1} 16 {x2} 4 {x2} 20", dashed=dashed)
        return [Stroke(colour, x1, y2="20", dashed=dashed) if x1 == x2 else curve]
    if x1 == x2:
        return [Stroke(colour, x1, y1="20", dashed=dashed)]
    return [Stroke(colour, d=f"M{x1} 20C{x1} 36 {x2} 24 {x2} 40", dashed=dashed), Stroke(colour, x2, y1="40", dashed=dashed)]


def joined(strokes: list[Stroke]) -> list[Stroke]:
    """A line that arrives and goes straight on is one."""
    halves = {(stroke.colour, stroke.x, stroke.dashed) for stroke in strokes if not stroke.d and stroke.y2 == "20"}
    through = {key for key in halves if Stroke(*key[:2], y1="20", dashed=key[2]) in strokes}
    rest = [stroke for stroke in strokes if stroke.d or (stroke.colour, stroke.x, stroke.dashed) not in through]
    return [*(Stroke(colour, x, dashed=dashed) for colour, x, dashed in sorted(through)), *rest]


def place_name(database: Database) -> str:
    return f"{database.environment.slug} {database.name}".strip()
