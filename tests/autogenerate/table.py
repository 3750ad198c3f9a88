"""The table of docs/autogenerate.md, from what the matrix found."""

from typing import Any

from tests.autogenerate.cases import ALL, CASES

Found = dict[tuple[str, str], list[dict[str, Any]]]
NAMES = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB"}
LOCKS = {"": "", "short": "short lock", "long": "**long lock**"}
HEAD = "| What differs | On | What is said | Data | Lock | SQL for this kind |\n|---|---|---|---|---|---|\n"


def table_of(found: Found) -> str:
    rows = []
    for case in CASES:
        for kind in ALL:
            rows += [_row(case.name.strip(), kind, entry) for entry in found.get((case.name, kind), [])]
    return HEAD + "".join(rows)


def _row(case: str, kind: str, entry: dict[str, Any]) -> str:
    own = entry["sql"][kind]["upgrade"]
    sql = f"`{_flat(own['sql'])}`" if own["sql"] else "none: batch mode is needed"
    guess = f" Perhaps a rename: {entry['rename_guess']}." if entry["rename_guess"] else ""
    cells = [case, NAMES[kind], entry["text"] + guess, "**lost**" if entry["data_loss"] else "", LOCKS[entry["lock"]], sql]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"


def _flat(text: str) -> str:
    return " ".join(text.split())
