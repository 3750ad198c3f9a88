"""squawk on PostgreSQL's SQL, in the words of our rules."""

import sys
from pathlib import Path

import pytest

from jobs import squawk
from migrations_store.findings.registry import RULES


def told(sql: str) -> list[tuple[str, str, int]]:
    found, silent = squawk.findings_of({"a": sql}, "alembic_version")
    assert not silent
    return [(finding.rule, finding.object, finding.line) for finding in found["a"]]


CASES = [
    ("-- Running upgrade\n\nALTER TABLE a ADD COLUMN b INTEGER NOT NULL;", ("AD203", "a.b", 3)),
    ("ALTER TABLE p.a ALTER COLUMN b SET NOT NULL;", ("AD204", "a.b", 1)),
    ("ALTER TABLE a ALTER COLUMN b TYPE bigint;", ("AD201", "a.b", 1)),
    ("CREATE INDEX i ON a (b);", ("AD205", "a.i", 1)),
    ("DROP INDEX i;", ("AD206", "i", 1)),
    ("ALTER TABLE a ADD CONSTRAINT f FOREIGN KEY (b) REFERENCES c (id);", ("AD207", "a", 1)),
    ("ALTER TABLE a ADD CONSTRAINT f CHECK (b > 0);", ("AD208", "a", 1)),
    ("ALTER TABLE a ADD CONSTRAINT f UNIQUE (b);", ("AD209", "a", 1)),
    ("SELECT 1;\nDROP TABLE a;", ("AD101", "a", 2)),
    ("ALTER TABLE a DROP COLUMN b;", ("AD102", "a.b", 1)),
    ("ALTER TABLE a RENAME TO b;", ("AD401", "a", 1)),
    ("ALTER TABLE a RENAME COLUMN b TO c;", ("AD402", "a.b", 1)),
]


@pytest.mark.parametrize(("sql", "finding"), CASES)
def test_what_it_says_is_said_by_our_rule(sql: str, finding: tuple[str, str, int]) -> None:
    assert finding in told(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE a (b INTEGER);\nCREATE INDEX i ON a (b);",
        "UPDATE alembic_version SET version_num='b' WHERE alembic_version.version_num = 'a';",
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL);",
    ],
)
def test_what_is_harmless_is_not_told(sql: str) -> None:
    assert told(sql) == []


def test_every_rule_that_it_is_mapped_to_exists() -> None:
    assert set(squawk.MAPPED.values()) <= set(RULES)


def test_a_platform_without_it_is_told_and_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert squawk.findings_of({"a": "DROP TABLE a;"}, "alembic_version") == ({}, squawk.ABSENT)


def test_a_program_that_fails_is_told_and_is_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "squawk"
    program.write_text("#!/bin/sh\necho not json\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    found, silent = squawk.findings_of({"a": "DROP TABLE a;"}, "alembic_version")
    assert found == {}
    assert "failed" in silent
