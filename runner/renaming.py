"""An accepted rename: what autogenerate wrote as something that goes and something that comes becomes a rename, both ways.

Only the statements in question are touched. What cannot be rewritten for certain is refused, and the sentence says why.
"""

from __future__ import annotations

from . import renaming_columns, renaming_tables
from .failures import Failure

REFUSED = "not_rewritten"


def renamed(files: list, rename: dict, dialect: str) -> list:
    """The files, of which one is another now: its text and its operations. `rename` is {kind, schema, table, old, new}."""
    module = renaming_columns if rename["kind"] == "column" else renaming_tables
    for at, file in enumerate(files):
        operations = module.operations(file["operations"], rename)
        if operations is not None:
            changed = {**file, "python": module.rewritten(file["python"], rename, file["operations"]), "operations": operations}
            return [*files[:at], changed, *files[at + 1 :]]
    raise Failure(REFUSED, "The comparison found no such pair; edit the file by hand.")
