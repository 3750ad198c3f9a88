"""The tables that a proposal is about and those one foreign key away, with what changes marked; and the same as text for other tools."""

import re
from dataclasses import dataclass
from typing import Any

from migrations_store.models import ProposalVersion

SIGNS = {"added": "+", "removed": "−", "changed": "~", "": " "}
OF_COLUMNS = ("column", "type", "nullable", "default", "autoincrement", "comment")  # an index may have a column's name
UNFIT = re.compile(r"[^A-Za-z0-9_]+")


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
    tables = [table for table in told["tables"] if table["name"] not in _renamed(version.changes, table["schema"])]
    return Diagram(tuple(_card(table, version.changes) for table in tables), told["more"])


def _card(table: dict[str, Any], changes: list[dict[str, Any]]) -> Card:
    own = [entry for entry in changes if (entry["schema"], entry["table"]) == (table["schema"], table["name"])]
    whole = next((entry["what"] for entry in own if entry["kind"] == "table"), "changed" if own else "")
    whole = "changed" if table["name"] in _renamed(changes, table["schema"]).values() else whole
    renamed = {entry["before"]: entry["after"] for entry in own if entry["kind"] == "name"}
    marks = {entry["name"]: entry["what"] for entry in own if entry["kind"] in OF_COLUMNS and entry["name"]}
    marks |= dict.fromkeys(renamed.values(), "changed")
    lines = [_line(column, whole, marks) for column in table["columns"] if column["name"] not in renamed]
    return Card(".".join(filter(None, (table["schema"], table["name"]))), whole, tuple(lines), table["more"])


def _renamed(changes: list[dict[str, Any]], schema: str | None) -> dict[str, str]:
    """Tables that only get another name, the new one by the old."""
    found = [entry for entry in changes if (entry["kind"], entry["what"], entry["schema"]) == ("table", "changed", schema)]
    return {entry["before"]: entry["after"] for entry in found if entry["before"] != entry["after"]}


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
    """For documents that draw Mermaid's erDiagram. Names hold few signs there; beside one that is not the true one that is told."""
    ids = {card.name: f"t{number}" for number, card in enumerate(diagram.cards, 1)}
    rows = ["erDiagram"]
    for card in diagram.cards:
        rows += [f'  {ids[card.name]}["{_unquoted(card.name)}"] {{', *(f"    {_attribute(line)}" for line in card.lines), "  }"]
    rows += [f'  {ids[other.name]} ||--o{{ {ids[card.name]} : "{_unquoted(line.name)}"' for card, line, other, _ in diagram.links]
    return "\n".join(rows) + "\n"


def _row(line: Line) -> str:
    return f"{SIGNS[line.what]} {line.name} {line.type}".strip()


def _attribute(line: Line) -> str:
    keys = ", ".join(key for key, is_so in (("PK", line.is_key), ("FK", line.references)) if is_so)
    name, true = _plain(line.name), _unquoted(line.name)
    told = ", ".join(filter(None, (line.what, "" if name == true else true)))
    return " ".join(filter(None, (_plain(line.type or "unknown"), name, keys, f'"{told}"' if told else "")))


def _plain(text: str) -> str:
    found = UNFIT.sub("_", text).strip("_")
    return found if found[:1].isalpha() else f"c_{found}"


def _unquoted(text: str) -> str:
    return " ".join(text.replace('"', "'").split())


def _quoted(text: str) -> str:
    return " ".join(text.replace("\\", "\\\\").replace('"', r"\"").split())


def _escaped(text: str) -> str:
    """For a record's label, where some signs part fields."""
    return re.sub(r"([{}|<>])", r"\\\1", _quoted(text))
