"""What has to be said before anything else, and what autogenerate cannot see at all."""

import re
from typing import Any

from migrations_store.differences.entries import Entry

SHARE = 0.3
PARTS = re.compile(r"^def upgrade_(\w+)\(", re.MULTILINE)
ALWAYS = [
    "A table or column that was renamed: it comes as one that goes and one that comes, and the data are lost.",
    "Constraints without a name, and primary keys and EXCLUDE constraints that differ.",
    "CHECK constraints; with the plugin checkconstraint_byname of Alembic 1.19 by their name, never by their condition.",
    "Sequences, views, triggers, functions, partitions and the rows themselves.",
]
ENUMS = "New or removed values of an enum type: PostgreSQL's are never compared."
SQLITE_TYPES = "Types that SQLite stores alike."
DEFAULTS = "Server defaults: env.py does not set compare_server_default."
TYPES = "Types of columns: env.py has switched compare_type off."
FILTERS = "Whatever {} of env.py leaves out."


def red_flags(facts: dict[str, Any], entries: list[Entry]) -> list[str]:
    """Sentences, empty where nothing is suspicious. `facts` is what the runner counted."""
    tables = set(facts.get("database_tables") or [])
    dropped = [entry for entry in entries if entry.kind == "table" and entry.what == "removed"]
    flags = []
    if not facts.get("metadata_tables"):
        flags.append(
            "The models that env.py names have no tables at all: most likely it does not import the modules that define them. "
            "Everything in the database would be dropped."
        )
    if tables and dropped and len(dropped) / len(tables) >= SHARE:
        flags.append(
            f"{len(dropped)} of the database's {len(tables)} tables would be dropped. Either the models were not all imported, or these "
            "tables belong to somebody else; include_object in env.py can leave them out."
        )
    return flags


def not_covered(facts: dict[str, Any], texts: list[str]) -> list[str]:
    """Of a project that has several databases behind one env.py: which of them the file is for and nobody has looked at."""
    seen = [str(name) for name in facts.get("tokens") or []]
    named = dict.fromkeys(name for text in texts for name in PARTS.findall(text))
    others = [name for name in named if name not in seen]
    if not seen or not others:
        return []
    it, those = ("it", "that one differ") if len(others) == 1 else ("each of them", "those differ")
    sentence = (
        f"This file is for several databases, and only {', '.join(seen)} was compared. What it does in {', '.join(others)} is empty, "
        f"whether the models of {those} or not: make a proposal for {it} as well, and put the parts together before anything runs."
    )
    return [sentence]


def blind_spots(facts: dict[str, Any]) -> list[str]:
    """What this comparison could not have found."""
    found = list(ALWAYS)
    if not facts.get("compare_type", True):
        found.append(TYPES)
    if not facts.get("compare_server_default"):
        found.append(DEFAULTS)
    dialects = {"postgresql": ENUMS, "sqlite": SQLITE_TYPES}
    found += [dialects[name] for name in dialects if facts.get("dialect") == name]
    return found + [FILTERS.format(" and ".join(facts["filters"]))] * bool(facts.get("filters"))
