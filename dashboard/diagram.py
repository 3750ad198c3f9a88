"""The tables that a proposal is about and those one foreign key away, with what changes marked; and the same as text for other tools."""

import re
from dataclasses import dataclass
from typing import Any

from migrations_store.models import ProposalVersion

SIGNS = {"added": "+", "removed": "−", "changed": "~", "": " "}
WORD = re.compile(r"\W+")


@dataclass(frozen=True)
class Line:
    """One column. `what` is added, removed, changed or nothing; `references` are columns with their tables."""

    name: str
    type: str
    is_key: bool
    what: str
    references: tuple[str, ...]


@dataclass(frozen=True)
class Card:
    """One table by its full name; `more` columns of it are not shown."""

    name: str
    what: str
    lines: tuple[Line, ...]
    more: int


@dataclass(frozen=True)
class Diagram:
    cards: tuple[Card, ...]
    more: int

    @property
    def links(self) -> list[tuple[Card, Line, Card, str]]:
        """Foreign keys between the tables that are there: from which line to which table and column."""
        known = {card.name: card for card in self.cards}
        parted = [(card, line, *target.rpartition(".")[::2]) for card in self.cards for line in card.lines for target in line.references]
        return [(card, line, known[table], column) for card, line, table, column in parted if table in known]


def of(version: ProposalVersion | None) -> Diagram | None:
    """Nothing for a version whose runner told no tables: made by hand, or before there were diagrams."""
    told = version.facts.get("diagram") if version else None
    if version is None or not told or not told["tables"]:
        return None
    return Diagram(tuple(_card(table, version.changes) for table in told["tables"]), told["more"])


def _card(table: dict[str, Any], changes: list[dict[str, Any]]) -> Card:
    own = [entry for entry in changes if (entry["schema"], entry["table"]) == (table["schema"], table["name"])]
    whole = next((entry["what"] for entry in own if entry["kind"] == "table"), "changed" if own else "")
    renamed = {entry["before"]: entry["after"] for entry in own if entry["kind"] == "name"}
    marks = {entry["name"]: entry["what"] for entry in own if entry["kind"] not in ("table", "name") and entry["name"]}
    marks |= dict.fromkeys(renamed.values(), "changed")
    lines = [_line(column, whole, marks) for column in table["columns"] if column["name"] not in renamed]
    return Card(".".join(filter(None, (table["schema"], table["name"]))), whole, tuple(lines), table["more"])


def _line(column: dict[str, Any], whole: str, marks: dict[str, str]) -> Line:
    what = whole if whole in ("added", "removed") else marks.get(column["name"], "")
    return Line(column["name"], column["type"] or "", column["primary_key"], what, tuple(column["references"]))


def dot(diagram: Diagram) -> str:
    """For Graphviz."""
    rows = []
    for card in diagram.cards:
        fields = "".join(rf"{_escaped(_row(line))}\l" for line in card.lines)
        rows.append(f'  "{_quoted(card.name)}" [label="{{{_escaped(f"{SIGNS[card.what]} {card.name}".strip())}|{fields}}}"];')
    rows += [
        f'  "{_quoted(card.name)}" -> "{_quoted(other.name)}" [label="{_quoted(line.name)}"];' for card, line, other, _ in diagram.links
    ]
    return "\n".join(["digraph proposal {", "  rankdir=RL;", "  node [shape=record, fontname=monospace];", *rows, "}"]) + "\n"


def mermaid(diagram: Diagram) -> str:
    """For documents that draw Mermaid's erDiagram. Its names hold letters, digits and _ only."""
    rows = ["erDiagram"]
    for card in diagram.cards:
        rows += [
            f"  {_plain(card.name)} {{",
            *(f"    {_plain(line.type or 'unknown')} {_plain(line.name)}{_keys(line)}" for line in card.lines),
            "  }",
        ]
    rows += [f'  {_plain(other.name)} ||--o{{ {_plain(card.name)} : "{_plain(line.name)}"' for card, line, other, _ in diagram.links]
    return "\n".join(rows) + "\n"


def _row(line: Line) -> str:
    return f"{SIGNS[line.what]} {line.name} {line.type}".strip()


def _keys(line: Line) -> str:
    keys = ", ".join(name for name, is_so in (("PK", line.is_key), ("FK", line.references)) if is_so)
    return f"{' ' if keys else ''}{keys}" + (f' "{line.what}"' if line.what else "")


def _plain(text: str) -> str:
    return WORD.sub("_", text).strip("_") or "_"


def _quoted(text: str) -> str:
    return " ".join(text.replace("\\", "\\\\").replace('"', r"\"").split())


def _escaped(text: str) -> str:
    """For a record's label, where some signs part fields."""
    return re.sub(r"([{}|<>])", r"\\\1", _quoted(text))
