"""How a table, a column, an index and a constraint are written in one line."""

from typing import Any

KINDS = {
    "primary_key": "primary key",
    "foreign_key": "foreign key",
    "unique": "unique",
    "check": "check",
    "exclude": "exclude",
}
OPTIONS = {"ondelete": "ON DELETE {}", "onupdate": "ON UPDATE {}", "initially": "INITIALLY {}", "match": "MATCH {}"}


def column(found: dict[str, Any]) -> str:
    """VARCHAR(40) NOT NULL DEFAULT 'new'."""
    parts = [found.get("type") or "type not known", "NULL" if found.get("nullable", True) else "NOT NULL"]
    if found.get("default") is not None:
        generated = str(found["default"]).startswith("GENERATED")
        parts.append(found["default"] if generated else f"DEFAULT {found['default']}")
    if found.get("comment"):
        parts.append(f"COMMENT {found['comment']!r}")
    return " ".join(parts)


def table(found: dict[str, Any]) -> str:
    """One line for each column, then the constraints."""
    lines = [f"{one['name']} {column(one)}" for one in found["columns"]]
    return "\n".join(lines + [constraint(one) for one in found["constraints"]])


def index(found: dict[str, Any]) -> str:
    options = [f"{name.partition('_')[2].replace('_', ' ')} {value}" for name, value in sorted((found.get("options") or {}).items())]
    return " ".join([f"{'UNIQUE ' if found.get('unique') else ''}({', '.join(found.get('columns') or [])})", *options])


def constraint(found: dict[str, Any]) -> str:
    kind = KINDS.get(found["kind"], found["kind"])
    columns = ", ".join(found.get("columns") or [])
    text = f"{kind.upper()} ({found['condition'] if found.get('condition') else columns})"
    if found.get("references"):
        text += f" to {', '.join(found['references'])}"
    options = found.get("options") or {}
    shown = [text, *(form.format(options[name]) for name, form in OPTIONS.items() if options.get(name))]
    return " ".join([*shown, *(["DEFERRABLE"] if options.get("deferrable") else [])])


def value(name: str, found: Any) -> str:
    """Of a column's property."""
    if name == "nullable":
        return "not known" if found is None else "NULL" if found else "NOT NULL"
    return "none" if found in (None, "") else str(found)
