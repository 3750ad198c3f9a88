"""What ALTER TABLE does, part by part."""

import re
from collections.abc import Iterator
from dataclasses import replace

from migrations_store.effects_sql import ALTERED, ANY_CASE, NAME
from migrations_store.findings.change import Change
from migrations_store.findings.names import bare

KEYS = r"CONSTRAINT|FOREIGN|CHECK|UNIQUE|PRIMARY|EXCLUDE|INDEX|KEY|FULLTEXT|SPATIAL|PERIOD|PARTITION|SYSTEM|VALUE"
COLUMN = re.compile(
    rf"^\s*ADD\s+(?:COLUMN\s+)?(?P<open>IF\s+NOT\s+EXISTS\s+)?(?!(?:{KEYS})\b)(?P<name>{NAME})\s+(?P<rest>.*)", ANY_CASE | re.DOTALL
)
CONSTRAINT = re.compile(
    rf"^\s*ADD\s+(?:CONSTRAINT\s+(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>(?!(?:FOREIGN|CHECK|UNIQUE|PRIMARY|EXCLUDE)\b){NAME})?\s*)?"
    r"(?P<kind>FOREIGN\s+KEY|CHECK|UNIQUE|PRIMARY\s+KEY|EXCLUDE)\b(?P<rest>.*)",
    ANY_CASE | re.DOTALL,
)
ADDED_INDEX = re.compile(rf"^\s*ADD\s+(?:FULLTEXT\s+|SPATIAL\s+)?(?:INDEX|KEY)\s+(?P<name>{NAME})?", ANY_CASE)
NOT_NULL = re.compile(rf"^\s*ALTER\s+(?:COLUMN\s+)?{NAME}\s+SET\s+NOT\s+NULL\b", ANY_CASE)
TYPE = re.compile(rf"^\s*ALTER\s+(?:COLUMN\s+)?{NAME}\s+(?:SET\s+DATA\s+)?TYPE\s+(?P<type>.+)", ANY_CASE | re.DOTALL)
UNBOUND = re.compile(r"^\s*(?:TEXT|(?:CHARACTER\s+)?VARYING|VARCHAR|CITEXT)\s*(?:$|COLLATE\b)", ANY_CASE)
# Types that hold whatever another of their family held.
WIDE = re.compile(
    r"^\s*(?:TEXT|(?:CHARACTER\s+)?VARYING|VARCHAR|CITEXT|BIGINT|INT8|NUMERIC|DECIMAL|JSONB?|BYTEA|TIMESTAMPTZ)\s*(?:$|COLLATE\b|USING\b)",
    ANY_CASE,
)
RENAMED = re.compile(rf"^\s*RENAME\s+(?:TO|AS)\s+{NAME}", ANY_CASE)
RENAMED_COLUMN = re.compile(rf"^\s*RENAME\s+(?:COLUMN\s+)?(?!(?:TO|AS|CONSTRAINT|INDEX|KEY)\b){NAME}\s+TO\s+{NAME}", ANY_CASE)
CHANGED = re.compile(rf"^\s*CHANGE\s+(?:COLUMN\s+)?{NAME}\s+{NAME}", ANY_CASE)
RENAME_TABLE = re.compile(rf"^\s*RENAME\s+TABLES?\s+{NAME}", ANY_CASE)
VALIDATED = re.compile(rf"^\s*VALIDATE\s+CONSTRAINT\s+{NAME}", ANY_CASE)
VOLATILE = re.compile(
    r"\b(?:random|gen_random_uuid|uuid_generate_v\w+|uuidv[47]|clock_timestamp|timeofday|nextval)\s*\("
    r"|\bSERIAL\b|\b(?:BIG|SMALL)SERIAL\b|\bGENERATED\b.*\b(?:IDENTITY|STORED)\b",
    ANY_CASE | re.DOTALL,
)
KINDS = {"FOREIGN": "add_foreign_key", "CHECK": "add_check", "UNIQUE": "add_unique", "PRIMARY": "add_unique", "EXCLUDE": "add_unique"}
NOT_VALID, USING = re.compile(r"\bNOT\s+VALID\b", ANY_CASE), re.compile(r"\bUSING\s+INDEX\b", ANY_CASE)


def altered(statement: str, place: Change) -> Iterator[Change]:
    """`place` is a change that holds where the statement stands."""
    for match in RENAME_TABLE.finditer(statement):
        yield replace(place, kind="rename_table", table=bare(match[1]))
    for match in ALTERED.finditer(statement):
        table = bare(match[1])
        for action in actions(match["rest"]):
            yield from (replace(change, table=table) for change in _action(action, place))


def widened(statement: str) -> set[str]:
    """The columns whose new type holds more than any old one."""
    parts = [part for match in ALTERED.finditer(statement) for part in actions(match["rest"])]
    return {bare(match[1]) for part in parts if (match := TYPE.match(part)) and WIDE.match(match["type"])}


def actions(text: str) -> list[str]:
    """Split at the commas that stand in no parentheses."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append(text[start:position])
            start = position + 1
    return [*parts, text[start:]]


def _action(text: str, place: Change) -> Iterator[Change]:
    if match := COLUMN.match(text):
        yield from _column(match, place)
    elif match := CONSTRAINT.match(text):
        kind = KINDS[match["kind"].split()[0].upper()]
        flags = {"not_valid"} if NOT_VALID.search(match["rest"]) else {"using_index"} if USING.search(match["rest"]) else set()
        not_null = "not_null" if re.search(r"\bIS\s+NOT\s+NULL\b", match["rest"], ANY_CASE) else ""
        yield replace(place, kind=kind, name=bare(match["name"] or ""), flags=frozenset(flags), detail=not_null)
    elif match := ADDED_INDEX.match(text):
        yield replace(place, kind="create_index", name=bare(match["name"] or ""))
    elif match := NOT_NULL.match(text):
        yield replace(place, kind="set_not_null", name=bare(match[1]))
    elif match := TYPE.match(text):
        if not UNBOUND.match(match["type"]):
            yield replace(place, kind="rewrite", name=bare(match[1]), detail=" ".join(match["type"].split())[:60])
    elif match := RENAMED.match(text):
        yield replace(place, kind="rename_table", detail=bare(match[1]))
    elif (match := RENAMED_COLUMN.match(text)) or ((match := CHANGED.match(text)) and bare(match[1]) != bare(match[2])):
        yield replace(place, kind="rename_column", name=bare(match[1]), detail=bare(match[2]))
    elif match := VALIDATED.match(text):
        yield replace(place, kind="validate", name=bare(match[1]))


def _column(match: re.Match[str], place: Change) -> Iterator[Change]:
    rest, column = match["rest"], replace(place, name=bare(match["name"]))
    flags = {"if_not_exists"} if match["open"] else set()
    if re.search(r"\bNOT\s+NULL\b|\bPRIMARY\s+KEY\b", rest, ANY_CASE):
        flags.add("not_null")
    if re.search(r"\bDEFAULT\b|\bGENERATED\b|SERIAL\b|\bAUTO_INCREMENT\b", rest, ANY_CASE):
        flags.add("default")
    if VOLATILE.search(rest):
        flags.add("volatile")
    yield replace(column, kind="add_column", flags=frozenset(flags))
    if re.search(r"\bREFERENCES\b", rest, ANY_CASE):
        yield replace(column, kind="add_foreign_key")
    if re.search(r"\bUNIQUE\b|\bPRIMARY\s+KEY\b", rest, ANY_CASE):
        yield replace(column, kind="add_unique")
    if re.search(r"\bCHECK\b", rest, ANY_CASE):
        yield replace(column, kind="add_check")
