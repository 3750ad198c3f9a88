"""Names without what differs between one way to write them and another."""

import re

UNKNOWN = {"…", "{…}", "None or {…}"}


def bare(name: str) -> str:
    """The last part: no schema, no quotes. One that is not known is empty; an expression that is no name stays as it is."""
    plain = re.sub(r'["`\[\]]', "", name).strip()
    if "(" in plain.rstrip("()"):
        return plain
    last = plain.rstrip("()").rpartition(".")[2].strip()
    return "" if last in UNKNOWN else last
