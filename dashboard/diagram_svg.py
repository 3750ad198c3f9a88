"""A diagram as one drawing that stands alone: a table stands to the right of those that its foreign keys lead to."""

from collections import defaultdict
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dashboard.diagram import SIGNS, Card, Diagram, Line
from dashboard.svg import fit

WIDTH, ASIDE, BETWEEN, EDGE = 256, 56, 24, 16
HEAD, ROW, PAD = 30, 20, 6
TALLEST = 900  # a column of tables that grows beyond goes on in the next
LETTERS, NAME = 26, 18  # that fit beside each other in a line, and those of them that a name may take
CURVE = 28
STYLE = (
    "svg{color-scheme:light dark;background:#fff;font:12px ui-monospace,monospace}"
    "rect{fill:#fff;stroke:#c3cad3}.h{fill:#f2f4f7}path{fill:none;stroke:#6b7480;stroke-width:1.5}text{fill:#161c24}.t{font-weight:600}"
    ".q{fill:#566070}.added{fill:#11703c}.removed{fill:#b3261e;text-decoration:line-through}.changed{fill:#8a5a00}"
    "rect.added{fill:none;stroke:#11703c;stroke-width:2}rect.removed{fill:none;stroke:#b3261e;stroke-width:2;stroke-dasharray:5 3}"
    "rect.changed{fill:none;stroke:#8a5a00;stroke-width:2}"
    "@media(prefers-color-scheme:dark){svg{background:#161b21}rect{fill:#1b2129;stroke:#3a4450}.h{fill:#232a33}path{stroke:#94a0ad}"
    "text{fill:#e7ebf0}.q{fill:#9ba7b4}.added{fill:#5cc98a}.removed{fill:#f28b82}.changed{fill:#e3b341}rect.added{fill:none;stroke:#5cc98a}"
    "rect.removed{fill:none;stroke:#f28b82}rect.changed{fill:none;stroke:#e3b341}}"
)


@dataclass(frozen=True)
class Place:
    """Where a card stands, its left upper corner."""

    card: Card
    x: int
    y: int

    @property
    def height(self) -> int:
        return height(self.card)

    def row(self, name: str) -> int:
        """The middle of a column's line; of the heading for one that is not shown."""
        names = [line.name for line in self.card.lines]
        return self.y + (HEAD + PAD + ROW * names.index(name) + ROW // 2 if name in names else HEAD // 2)


def height(card: Card) -> int:
    return HEAD + 2 * PAD + ROW * (len(card.lines) + (card.more > 0))


def draw(diagram: Diagram, title: str) -> str:
    places = placed(diagram)
    width = EDGE + max(place.x for place in places.values()) + WIDTH + CURVE
    depth = EDGE + max(place.y + place.height for place in places.values())
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{depth}" viewBox="0 0 {width} {depth}" role="img"',
        f' aria-labelledby="t"><title id="t">{fit(title)}</title><style>{STYLE}</style>\n',
        *(_link(places[card.name], line, places[other.name], column) for card, line, other, column in diagram.links),
        *(_card(place) for place in places.values()),
        "</svg>\n",
    ]
    return "".join(parts)


def placed(diagram: Diagram) -> dict[str, Place]:
    """By name. Tables of one depth stand below each other, nearest to what they lead to."""
    depths = _depths(diagram)
    layers: dict[int, list[Card]] = defaultdict(list)
    for card in diagram.cards:
        layers[depths[card.name]].append(card)
    found: dict[str, Place] = {}
    x = EDGE
    for depth in sorted(layers):
        y = EDGE
        for card in sorted(layers[depth], key=lambda one: _pull(one, diagram, found)):
            if y > EDGE and y + height(card) > TALLEST:
                x, y = x + WIDTH + ASIDE, EDGE
            found[card.name] = Place(card, x, y)
            y += height(card) + BETWEEN
        x += WIDTH + ASIDE
    return found


def _depths(diagram: Diagram) -> dict[str, int]:
    """The longest way along foreign keys; what closes a ring does not count."""
    leads: dict[str, set[str]] = defaultdict(set)
    for card, _line, other, _column in diagram.links:
        leads[card.name].add(other.name)
    found: dict[str, int] = {}
    under_way: set[str] = set()

    def depth(name: str) -> int:
        if name not in found:
            under_way.add(name)
            found[name] = max((depth(other) + 1 for other in sorted(leads[name] - under_way)), default=0)
            under_way.discard(name)
        return found[name]

    return {card.name: depth(card.name) for card in diagram.cards}


def _pull(card: Card, diagram: Diagram, found: dict[str, Place]) -> tuple[float, str]:
    heights = [found[other.name].y for one, _l, other, _c in diagram.links if one is card and other.name in found]
    return (sum(heights) / len(heights) if heights else float("inf"), card.name)


def _link(start: Place, line: Line, end: Place, column: str) -> str:
    """A crow's foot at the many, a line to the one."""
    y, to_y = start.row(line.name), end.row(column)
    if end.x + WIDTH < start.x:
        x, to_x, bend = start.x, end.x + WIDTH, -CURVE
    else:  # in the same column, or the other way round in a ring
        x, to_x, bend = start.x + WIDTH, end.x + WIDTH, CURVE
    foot = 8 if bend > 0 else -8
    return (
        f'<path d="M{x} {y}C{x + bend} {y} {to_x + abs(bend)} {to_y} {to_x} {to_y}"/><path d="M{x} {y - 5}L{x + foot} {y}L{x} {y + 5}"/>\n'
    )


def _card(place: Place) -> str:
    card, x, y = place.card, place.x, place.y
    more = ngettext("and %(n)s more column", "and %(n)s more columns", card.more) % {"n": card.more}
    rows = [_row(line, x, place.row(line.name) + 4) for line in card.lines]
    rows += [f'<text class="q" x="{x + 24}" y="{y + place.height - PAD - 6}">{fit(more)}</text>'] if card.more else []
    frame = f'<rect class="{card.what}" x="{x}" y="{y}" width="{WIDTH}" height="{place.height}" rx="6"/>' if card.what else ""
    return (
        f'<g><title>{fit(_told(card.name, card.what))}</title><rect x="{x}" y="{y}" width="{WIDTH}" height="{place.height}" rx="6"/>'
        f'<rect class="h" x="{x}" y="{y}" width="{WIDTH}" height="{HEAD}" rx="6"/>{frame}'
        f"{_named(card.name, 't ', card.what, x, y + 20, LETTERS)}{''.join(rows)}</g>\n"
    )


def _row(line: Line, x: int, y: int) -> str:
    key = "PK" if line.is_key else "FK" if line.references else ""
    type_ = _cut(line.type, LETTERS - 1 - min(len(line.name), NAME))
    full = " ".join(filter(None, (_told(line.name, line.what), line.type, key, *(f"→ {target}" for target in line.references))))
    return (
        f"<g><title>{fit(full)}</title>{_named(line.name, '', line.what, x, y, NAME)}"
        f'<text class="q" x="{x + WIDTH - 32}" y="{y}" text-anchor="end">{fit(type_)}</text>'
        f'<text class="q" x="{x + WIDTH - 8}" y="{y}" text-anchor="end">{key}</text></g>'
    )


def _named(name: str, looks: str, what: str, x: int, y: int, letters: int) -> str:
    """The sign before it stands alone, so that names stand below each other."""
    sign = f'<text class="{what}" x="{x + 10}" y="{y}">{SIGNS[what]}</text>' if what else ""
    return f'{sign}<text class="{looks}{what}" x="{x + 24}" y="{y}">{fit(_cut(name, letters))}</text>'


def _told(name: str, what: str) -> str:
    words = {"added": _("added"), "removed": _("removed"), "changed": _("changed")}
    return f"{name} ({words[what]})" if what else name


def _cut(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
