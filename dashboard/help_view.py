"""What an error or a finding means, from the same sources that name it: the jobs' catalogue, the causes why a database cannot be
read, and the rules on what is dangerous. Their sentences are English; templates tell them in the reader's language."""

import re
from dataclasses import dataclass
from functools import cache

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from environments import causes
from jobs import catalogue
from migrations_store.findings.finding import Rule
from migrations_store.findings.registry import RULES

# What the sentences leave open: here it is nobody's database in particular.
OPEN = {"place": "the server", "user": "the user", "database": "the database", "product": "the expected server"}
FAMILIES: tuple[tuple[str, Promise], ...] = (
    ("AM-1", _("History and code")),
    ("AM-2", _("Connection and rights")),
    ("AM-3", _("While the migration runs")),
    ("", _("What the dashboard itself found")),
)


@dataclass(frozen=True)
class Topic:
    """`kind` is error, cause or finding; `fix` is code that may be copied, `on` the kinds of databases that it holds on."""

    code: str
    kind: str
    title: str
    why: tuple[str, ...]
    next: tuple[str, ...] = ()
    fix: str = ""
    severity: str = ""
    on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Family:
    title: Promise
    topics: list[Topic]


@cache
def topics() -> dict[str, Topic]:
    """By their code."""
    found = {code: _error(code, same) for code, same in _explained().items()}
    found |= {code: _cause(code, sentence) for code, sentence in causes.WORDS.items() if code not in found}
    return found | {rule.id: _finding(rule) for rule in RULES.values()}


def families() -> list[Family]:
    """Errors as a job can have them, causes why nothing can be read, findings."""
    every = list(topics().values())
    errors = sorted((topic for topic in every if topic.kind == "error"), key=lambda topic: topic.code)
    found = [Family(title, [topic for topic in errors if _family(topic.code) == start]) for start, title in FAMILIES]
    found.append(Family(_("Why a database cannot be read"), [topic for topic in every if topic.kind == "cause"]))
    found.append(Family(_("Findings: what is dangerous about a migration"), [topic for topic in every if topic.kind == "finding"]))
    return found


def _family(code: str) -> str:
    return code[:4] if code.startswith("AM-") else ""


def _explained() -> dict[str, list[catalogue.Explanation]]:
    """Several entries may share a code: one cause, said by several programs."""
    found: dict[str, list[catalogue.Explanation]] = {}
    for entry in (*catalogue.CATALOGUE, *catalogue.OURS.values(), catalogue.OTHER, catalogue.LOST):
        found.setdefault(entry.code, []).append(entry)
    return found


def _error(code: str, same: list[catalogue.Explanation]) -> Topic:
    whys = tuple(dict.fromkeys(re.sub(r"\{\d\}", "…", entry.why) for entry in same if entry.why))
    return Topic(code, "error", same[0].title, whys, tuple(dict.fromkeys(step for entry in same for step in entry.next)))


def _cause(code: str, sentence: str) -> Topic:
    words = sentence.format(**OPEN)
    first, _dot, rest = (words[0].upper() + words[1:]).partition(". ")
    return Topic(code, "cause", first.rstrip("."), (), (rest,) if rest else ())


def _finding(rule: Rule) -> Topic:
    what = re.sub(r"\{\w+\}", "…", rule.what)
    return Topic(
        rule.id, "finding", rule.title, (what, rule.why), fix=rule.fix, severity=rule.severity.value, on=tuple(sorted(rule.dialects))
    )
