"""What squawk says of PostgreSQL's SQL, in the words of our rules. It is a program of its own; where it is not there, that is said."""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from migrations_store.effects_sql import ALTERED, ANY_CASE, NAME
from migrations_store.findings.change import Change
from migrations_store.findings.finding import Finding
from migrations_store.findings.names import bare
from migrations_store.findings.preview import pieces
from migrations_store.findings.registry import RULES, told

TIMEOUT = 20
ABSENT = "squawk has no program for this platform, so its rules were not asked."
# Its rules, in ours. Others are about style, or about what the runner sees to itself (timeouts, transactions).
MAPPED = {
    "adding-field-with-default": "AD202", "adding-foreign-key-constraint": "AD207", "adding-not-nullable-field": "AD204",
    "adding-required-field": "AD203", "adding-serial-primary-key-field": "AD209", "ban-alter-domain-with-add-constraint": "AD208",
    "ban-drop-column": "AD102", "ban-drop-database": "AD105", "ban-drop-table": "AD101", "ban-truncate-cascade": "AD104",
    "changing-column-type": "AD201", "constraint-missing-not-valid": "AD208", "disallowed-unique-constraint": "AD209",
    "renaming-column": "AD402", "renaming-table": "AD401", "require-concurrent-index-creation": "AD205",
    "require-concurrent-index-deletion": "AD206", "require-concurrent-reindex": "AD210",
}  # fmt: skip
TABLE = re.compile(rf"\b(?:TABLE|ON|TRUNCATE|DOMAIN|DATABASE)\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?{NAME}", ANY_CASE)
COLUMN = re.compile(rf"\b(?:ADD|ALTER|DROP|RENAME)\s+(?:COLUMN\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?!COLUMN\b|IF\b){NAME}", ANY_CASE)
INDEX = re.compile(rf"\bINDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?!ON\b){NAME}", ANY_CASE)


def findings_of(texts: dict[str, str], version_table: str) -> tuple[dict[str, list[Finding]], str]:
    """For each revision, and why there are none: squawk is not there, took too long, or failed."""
    program = path()
    if program is None:
        return {}, ABSENT
    try:
        told_by_it = _asked(program, list(texts.values()))
    except subprocess.TimeoutExpired:
        return {}, f"squawk took longer than {TIMEOUT} s, so its rules were not asked."
    except (OSError, ValueError) as error:
        return {}, f"squawk failed ({type(error).__name__}), so its rules were not asked."
    return {
        revision: list(_mapped(text, told_by_it.get(number, []), version_table)) for number, (revision, text) in enumerate(texts.items())
    }, ""


def path() -> str | None:
    """Beside the interpreter, where its package puts it."""
    beside = Path(sys.executable).parent / "squawk"
    return str(beside) if beside.is_file() else shutil.which("squawk")


def _asked(program: str, texts: list[str]) -> dict[int, list[dict[str, Any]]]:
    """One file for each text, one run for all; entries by the number of the text. It needs no network and no environment of ours."""
    with tempfile.TemporaryDirectory(prefix="squawk-") as place:
        for number, text in enumerate(texts):
            (Path(place) / f"{number}.sql").write_text(text)
        Path(place, ".squawk.toml").write_text("")  # none of anybody's own
        names = [f"{number}.sql" for number in range(len(texts))]
        words = [program, "--reporter", "json", "--assume-in-transaction", "--config", ".squawk.toml", *names]
        done = subprocess.run(words, cwd=place, env={}, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    found: dict[int, list[dict[str, Any]]] = {}
    for entry in json.loads(done.stdout or "[]"):
        found.setdefault(int(Path(entry["file"]).stem), []).append(entry)
    return found


def _mapped(text: str, entries: list[dict[str, Any]], version_table: str) -> Iterator[Finding]:
    """It counts lines from 0. The statement that a line stands in names the object."""
    statements = list(pieces(text))
    for entry in entries:
        rule, line = RULES.get(MAPPED.get(entry["rule_name"], "")), entry["line"] + 1
        statement = next((piece for piece, first in reversed(statements) if first <= line), "")
        if rule is None or _is_told_better(entry["rule_name"], statement):
            continue
        change = _change(rule.id, statement, line)
        if change.table != version_table:
            yield told(rule, change, source="squawk")


def _is_told_better(name: str, statement: str) -> bool:
    """A foreign key has a rule of its own, and is named by both."""
    other = re.search(r"\b(?:FOREIGN|PRIMARY)\s+KEY\b|\bUNIQUE\b", statement, ANY_CASE)
    return name == "constraint-missing-not-valid" and other is not None


def _change(rule: str, statement: str, line: int) -> Change:
    altered, named = ALTERED.search(statement), TABLE.search(statement)
    table = bare(altered[1]) if altered else bare(named[1]) if named else ""
    about = RULES[rule].about
    pattern = COLUMN if about == "column" else INDEX if about == "index" else None
    found = pattern.search(altered["rest"] if altered and about == "column" else statement) if pattern else None
    return Change("", "" if rule == "AD206" else table, bare(found[1]) if found else "", line, dialects=frozenset({"postgresql"}))
