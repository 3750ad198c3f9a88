"""The changes in the SQL that Alembic wrote for a step, with the lines of that text, and what they add to the reading of the code."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from migrations_store.effects_sql import ANY_CASE, BEGIN, DEFINES, END, READINGS
from migrations_store.findings import sql
from migrations_store.findings.change import Change
from migrations_store.findings.finding import Finding
from migrations_store.findings.registry import RULES, judge

ENDED, BEGUN = re.compile(r"^\s*(?:COMMIT|ROLLBACK)\b", ANY_CASE), re.compile(r"^\s*(?:BEGIN|START\s+TRANSACTION)\b", ANY_CASE)
COPY = "_alembic_tmp_"  # what a batch on SQLite moves a table through
TYPES = {"AD106", "AD201"}  # the SQL does not say what the type was


def judged(text: str, *, dialect: str, version_table: str = "alembic_version") -> list[Finding]:
    """What the rules say of the SQL of one step; the transaction that Alembic opens around it is not shown in it."""
    return judge(read(text, dialect, version_table), source="sql")


def read(text: str, dialect: str, version_table: str) -> list[Change]:
    found: list[Change] = []
    is_free = False
    for piece, line in pieces(text):
        if ENDED.match(piece) or BEGUN.match(piece):
            is_free = bool(ENDED.match(piece))
            continue
        found += sql.read(piece, sql.Place(line, autocommit=is_free))
    copied = {change.table.removeprefix(COPY) for change in found if change.table.startswith(COPY)}
    return [replace(change, dialects=frozenset({dialect})) for change in found if not _is_alembics(change, copied, version_table)]


def pieces(text: str) -> Iterator[tuple[str, int]]:
    """The statements, without comments, each with the line on which it begins. What a trigger or procedure holds is left out."""
    masked = READINGS[0].sub(_masked, text)
    start, is_defining = 0, False
    for end in [*(match.start() for match in re.finditer(";", masked)), len(masked)]:
        bare = masked[start:end]
        if is_defining or DEFINES.search(bare):
            is_defining = not END.search(bare) and (is_defining or bool(BEGIN.search(bare)))
        elif bare.strip():
            first = start + len(bare) - len(bare.lstrip())
            yield text[first:end], text.count("\n", 0, first) + 1
        start = end + 1


def added(findings: Iterable[Finding], changes: Iterable[Change]) -> list[Finding]:
    """Those about something that the reading of the code has not looked at: where it has, it knows more than the SQL tells."""
    known = list(changes)
    return [finding for finding in findings if not any(_looked_at(finding, change) for change in known)]


def _looked_at(finding: Finding, change: Change) -> bool:
    rule = RULES.get(finding.rule)
    if rule is None or change.kind not in (*rule.kinds, *(("retype",) if finding.rule in TYPES else ())):
        return False
    names = [change.table] if rule.about in ("table", "constraint") else [change.object, change.name]
    return any(_same(name, finding.object) for name in names if name)


def _same(name: str, object: str) -> bool:
    """A loop's name is "a or b": each part may be meant."""
    parts = [one.split(" or ") for one in name.lower().split(".")]
    given = object.lower().split(".")
    return len(parts) == len(given) and all(part in options for part, options in zip(given, parts, strict=True))


def _is_alembics(change: Change, copied: set[str], version_table: str) -> bool:
    return change.table == version_table or change.table.startswith(COPY) or (change.kind == "drop_table" and change.table in copied)


def _masked(match: re.Match[str]) -> str:
    """As long as it was, line for line, but without a semicolon and without words."""
    return re.sub(r"[^\n]", " " if match[0].startswith(("--", "/*")) else "x", match[0])
