"""Types as a database writes them: whether a new one may hold less than the old one, and whether two of them are much the same."""

import re

TEXTS = {"VARCHAR", "CHARACTER VARYING", "NVARCHAR", "CHAR", "NCHAR"}
UNBOUND = {"TEXT", "CLOB", "CITEXT", "LONGTEXT"}
SIZED_TEXTS = {"TINYTEXT": 1, "TEXT": 2, "MEDIUMTEXT": 3, "LONGTEXT": 4}
INTEGERS = {"TINYINT": 0, "SMALLINT": 1, "MEDIUMINT": 2, "INTEGER": 3, "INT": 3, "BIGINT": 4}
NUMERICS = {"NUMERIC", "DECIMAL"}
FLOATS = {"REAL": 1, "FLOAT": 1, "DOUBLE": 2, "DOUBLE PRECISION": 2}
WIDER = {("DATE", "TIMESTAMP"), ("DATE", "DATETIME"), ("JSON", "JSONB"), ("JSONB", "JSON"), ("BOOLEAN", "INTEGER"), ("BOOL", "INTEGER")}
PARTS = re.compile(r"\s*([A-Za-z_ ]+?)\s*(?:\(([^()]*)\))?(?:\s+(?:CHARACTER SET|COLLATE|WITH|WITHOUT)\b.*)?\s*")


def parsed(text: str | None) -> tuple[str, list[str]]:
    """The name in capitals, and what stands in brackets: NUMERIC(10, 2) is ("NUMERIC", ["10", "2"])."""
    found = PARTS.fullmatch(text or "")
    if found is None:
        return (text or "").upper(), []
    return found[1].upper(), [part.strip() for part in (found[2] or "").split(",") if part.strip()]


def holds(old: str | None, new: str | None) -> bool:
    """Whether every value of the old type fits the new one; false where that is not certain."""
    (was, old_parts), (name, parts) = parsed(old), parsed(new)
    if (was, old_parts) == (name, parts):
        return True
    for ranks in (SIZED_TEXTS, INTEGERS, FLOATS):
        if was in ranks and name in ranks:
            return ranks[name] >= ranks[was]
    if name in UNBOUND or (name in TEXTS and not parts and was in TEXTS):
        return True
    if was in TEXTS and name in TEXTS:
        return bool(old_parts) and _numbers(parts)[0] >= _numbers(old_parts)[0]
    if was in NUMERICS and name in NUMERICS:
        return _numeric_holds(_numbers(old_parts), _numbers(parts))
    if was == name == "ENUM":
        return set(old_parts) <= set(parts)
    return (was, name) in WIDER or (was in INTEGERS and name in NUMERICS and not parts)


def rewrites(old: str | None, new: str | None) -> bool:
    """Whether PostgreSQL writes every row anew. Not where a text grows, or a NUMERIC gains digits before its point."""
    (was, old_parts), (name, parts) = parsed(old), parsed(new)
    texts = {"VARCHAR", "CHARACTER VARYING", "TEXT"}
    if was in texts and name in texts:
        return not holds(old, new)
    if was in NUMERICS and name in NUMERICS and len(old_parts) == len(parts) == 2:
        return old_parts[1] != parts[1] or not holds(old, new)
    return not (was in NUMERICS and name in NUMERICS and not parts)


def similar(one: str | None, other: str | None) -> bool:
    """The same kind of value; sizes do not count."""
    (name, _), (second, _) = parsed(one), parsed(other)
    families: tuple[set[str], ...] = (TEXTS | UNBOUND, set(INTEGERS), NUMERICS, set(FLOATS))
    return name == second or any(name in family and second in family for family in families)


def _numbers(parts: list[str]) -> list[int]:
    return [int(part) if part.isdigit() else 0 for part in parts] or [0]


def _numeric_holds(old: list[int], new: list[int]) -> bool:
    """Digits before the point and behind it."""
    if new == [0]:
        return True
    digits, places = [*old, 0][:2], [*new, 0][:2]
    return old != [0] and places[1] >= digits[1] and places[0] - places[1] >= digits[0] - digits[1]
