"""docs/findings.md has every rule, in the words of the code."""

import re
from pathlib import Path

import pytest

from migrations_store.findings.finding import Rule
from migrations_store.findings.registry import RULES

TEXT = (Path(__file__).resolve().parents[2] / "docs/findings.md").read_text()
ROWS = {row[1]: row for row in re.finditer(r"^\| `(\w+)` (.+?) \| (\w+) \| (.+?) \| (.+?) \| (.+) \|$", TEXT, re.MULTILINE)}
NAMES = {"postgresql": "PostgreSQL", "mysql": "MySQL, MariaDB", "sqlite": "SQLite"}


def test_the_table_has_every_rule_and_no_other() -> None:
    assert list(ROWS) == list(RULES)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_row_has_the_words_of_the_rule(rule: Rule) -> None:
    _, title, severity, on, what, safe = ROWS[rule.id].groups()
    assert (title, severity, what) == (rule.title, rule.severity.value, f"{rule.what} {rule.why}")
    assert on == ", ".join(NAMES[name] for name in NAMES if name in rule.dialects)
    assert re.findall(r"`(.+?)`(?:<br>|$)", safe.replace("\\|", "|")) == [line.strip() for line in rule.fix.split("\n")]
