"""The changes in a text of SQL, by its words alone, as migrations_store.effects_sql takes it apart."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from migrations_store.effects_sql import ANY_CASE, EXISTS, NAME, breaks, losses, statements
from migrations_store.findings import sql_tables
from migrations_store.findings.change import Change
from migrations_store.findings.names import bare

ENDS = ("COMMIT", "ROLLBACK", "BEGIN", "PREPARE")
ALONE = {"VACUUM cannot run in a transaction", "it makes or drops what no transaction holds", "ALTER SYSTEM cannot run in a transaction"}
LOST = {"drops table": "drop_table", "empties table": "truncate", "may shorten values of": "narrow", "drops column": "drop_column"}
OPEN = r"(?P<open>IF\s+NOT\s+EXISTS\s+)?"
CREATED = re.compile(rf"\bCREATE\s+(?:UNLOGGED\s+|TEMP(?:ORARY)?\s+|FOREIGN\s+)?TABLE\s+{OPEN}{NAME}", ANY_CASE)
INDEX = re.compile(
    rf"\bCREATE\s+(?:UNIQUE\s+|FULLTEXT\s+)?INDEX\s+(?P<concurrently>CONCURRENTLY\s+)?{OPEN}(?P<name>(?!ON\b){NAME}\s+)?ON\s+(?:ONLY\s+)?"
    rf"(?P<table>{NAME})",
    ANY_CASE,
)
INDEX_GONE = re.compile(
    rf"\bDROP\s+INDEX\s+(?P<concurrently>CONCURRENTLY\s+)?{EXISTS}(?P<name>{NAME})(?:\s+ON\s+(?P<table>{NAME}))?", ANY_CASE
)
WRITTEN = re.compile(rf"\b(?P<verb>UPDATE|DELETE\s+FROM)\s+(?:ONLY\s+)?(?P<table>{NAME})(?P<rest>.*)", ANY_CASE | re.DOTALL)
VALUE = re.compile(rf"\bALTER\s+TYPE\s+{NAME}\s+ADD\s+VALUE\b", ANY_CASE)
LONG = [
    (re.compile(rf"^\s*LOCK\s+(?:TABLES?\s+)?(?:ONLY\s+)?(?P<name>{NAME})", ANY_CASE), "LOCK TABLE"),
    (re.compile(rf"^\s*VACUUM\s+\(?[^;)]*\bFULL\b[^;)]*\)?\s*(?P<name>{NAME})?", ANY_CASE), "VACUUM FULL"),
    (re.compile(rf"^\s*CLUSTER\b\s*(?:VERBOSE\s+)?(?P<name>{NAME})?", ANY_CASE), "CLUSTER"),
    (
        re.compile(
            rf"^\s*REINDEX\s+(?:\([^)]*\)\s*)?(?:INDEX|TABLE|SCHEMA|DATABASE|SYSTEM)\s+(?!CONCURRENTLY\b)(?P<name>{NAME})", ANY_CASE
        ),
        "REINDEX",
    ),
    (
        re.compile(rf"^\s*REFRESH\s+MATERIALIZED\s+VIEW\s+(?!CONCURRENTLY\b)(?P<name>{NAME})", ANY_CASE),
        "REFRESH MATERIALIZED VIEW",
    ),
    (re.compile(rf"^\s*OPTIMIZE\s+(?:LOCAL\s+|NO_WRITE_TO_BINLOG\s+)?TABLE\s+(?P<name>{NAME})", ANY_CASE), "OPTIMIZE TABLE"),
]
LIMIT = re.compile(
    r"""\b(?:SET\s+(?:SESSION\s+|LOCAL\s+|GLOBAL\s+)?(?P<name>lock_timeout|statement_timeout)\s*(?:=|\bTO\b)\s*(?:'?0\s*(?:ms|s|min)?'?|DEFAULT)(?![\d.])"""
    r"""|RESET\s+(?P<reset>lock_timeout|statement_timeout|ALL)\b)""",
    ANY_CASE,
)


@dataclass(frozen=True)
class Place:
    """Where the text stands."""

    line: int = 0
    autocommit: bool = False


def read(text: str, place: Place) -> list[Change]:
    """Once each: how a backslash is read depends on the server, so a statement may be met in two readings."""
    found = [change for statement, is_block in statements(text) for change in _of(statement, place, is_block=is_block)]
    found += [_at(place, "limit", name=(match["name"] or match["reset"]).lower()) for match in LIMIT.finditer(text)]
    return list(dict.fromkeys(found))


def _of(statement: str, place: Place, *, is_block: bool) -> Iterator[Change]:
    yield from _tables(statement, place)
    yield from sql_tables.altered(statement, _at(place, ""))
    yield from _lost(statement, place)
    yield from _rows(statement, place)
    for match in VALUE.finditer(statement):
        yield _at(place, "enum_value", name=bare(match[1]))
    for pattern, what in LONG:
        for match in pattern.finditer(statement):
            yield _at(place, "long_lock", table=bare(match["name"] or ""), detail=what)
    for why in breaks(statement) if not is_block else ():
        if why.startswith(ENDS):
            yield _at(place, "transaction", detail=why.split()[0])
        elif why in ALONE:
            yield _at(place, "alone", detail=" ".join(statement.split()[:2]).upper())


def _tables(statement: str, place: Place) -> Iterator[Change]:
    for match in CREATED.finditer(statement):
        yield _at(place, "create_table", table=bare(match[2]), flags=_open(match))
    for match in INDEX.finditer(statement):
        flags = _open(match) | ({"concurrently"} if match["concurrently"] else set())
        yield _at(place, "create_index", table=bare(match["table"]), name=bare(match["name"] or ""), flags=flags)
    for match in INDEX_GONE.finditer(statement):
        flags = frozenset({"concurrently"} if match["concurrently"] else ())
        yield _at(place, "drop_index", table=bare(match["table"] or ""), name=bare(match["name"]), flags=flags)


def _lost(statement: str, place: Place) -> Iterator[Change]:
    """What effects_sql calls lost, but for rows, which are told with their WHERE."""
    for what, object in losses(statement):
        table, _, name = object.rpartition(".") if what in ("drops column", "may shorten values of") else (object, "", "")
        if what == "may shorten values of" and bare(name) in sql_tables.widened(statement):
            continue
        if what in LOST:
            yield _at(place, LOST[what], table=bare(table), name=bare(name))
        elif not what.startswith("deletes rows"):
            kind = "delete_rows" if what.startswith("may replace") else "drop_much"
            yield _at(place, kind, table=bare(object), detail=what.partition(" ")[2], flags=frozenset({"where"}))


def _rows(statement: str, place: Place) -> Iterator[Change]:
    for match in WRITTEN.finditer(statement):
        if re.search(r"\b(?:ON|FOR|DO)\s+(?:NO\s+KEY\s+)?$", statement[: match.start()], ANY_CASE):
            continue  # ON UPDATE CASCADE, FOR UPDATE, ON CONFLICT … DO UPDATE
        is_update = match["verb"].upper() == "UPDATE"
        if is_update and not re.search(r"\bSET\b", match["rest"], ANY_CASE):
            continue
        where, column = _where(match["rest"])
        flags = frozenset({"where"} if where else ())
        yield _at(place, "update" if is_update else "delete_rows", table=bare(match["table"]), flags=flags, detail=column)


ALL_ROWS = re.compile(r"^\s*(?:1\s*=\s*1|TRUE|''\s*=\s*'')\s*$", ANY_CASE)
IS_NULL = re.compile(rf"^\s*{NAME}\s+IS\s+NULL\s*$", ANY_CASE)
JOINED = re.compile(rf"^\s*{NAME}\s*=\s*{NAME}\s*$", ANY_CASE)


def _where(rest: str) -> tuple[bool, str]:
    """Whether a WHERE picks some of the rows; and the column, where it only asks whether that is null."""
    flat = _without_parentheses(rest)
    parts = re.split(r"\bWHERE\b", flat, maxsplit=1, flags=ANY_CASE)
    if re.search(r"\bLIMIT\b", flat, ANY_CASE):
        return True, ""
    if len(parts) == 1:
        return False, ""
    condition = re.split(r"\bRETURNING\b", parts[1], maxsplit=1, flags=ANY_CASE)[0]
    if match := IS_NULL.match(condition):
        return True, bare(match[1])
    is_join = bool(re.search(r"\bFROM\b", parts[0], ANY_CASE)) and all(
        JOINED.match(part) and "." in part for part in re.split(r"\bAND\b", condition, flags=ANY_CASE)
    )
    return not (ALL_ROWS.match(condition) or is_join), ""


def _without_parentheses(text: str) -> str:
    """What stands in them is one value; a whole condition in parentheses is kept."""
    text = re.sub(r"\bWHERE\s*\(([^()]*)\)\s*$", r"WHERE \1", text, flags=ANY_CASE)
    for _ in range(20):
        text, count = re.subn(r"\([^()]*\)", " '' ", text)
        if not count:
            break
    return text


def _open(match: re.Match[str]) -> frozenset[str]:
    return frozenset({"if_not_exists"} if match["open"] else ())


def _at(place: Place, kind: str, **more: object) -> Change:
    return replace(Change(kind, line=place.line, autocommit=place.autocommit, is_sql=True), **more)  # type: ignore[arg-type]
