"""What a rule is and what it says."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from migrations_store.findings.change import DIALECTS, Change, Changes

Holds = Callable[[Change, Changes], bool]


class Severity(StrEnum):
    """From the worst. No rule blocks by itself: a policy can make it (migrations_store.findings.levels)."""

    BLOCK = "block"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


ORDER = {severity.value: place for place, severity in enumerate(Severity)}


def _always(change: Change, others: Changes) -> bool:
    return True


def is_old_column(change: Change, others: Changes) -> bool:
    """Whether its column was there before this revision, so that somebody may use it."""
    return not others.is_new(change) and not others.adds_column(change, change.name)


@dataclass(frozen=True)
class Rule:
    """`id` never changes. `what` and `fix` are templates over {object}, {table}, {name} and {detail}.

    `kinds` are the changes that it looks at, and `holds` says whether one of them is to be reported. A rule without kinds looks at
    the revision as a whole (migrations_store.findings.whole).
    """

    id: str
    title: str
    severity: Severity
    what: str
    why: str
    fix: str
    kinds: tuple[str, ...] = ()
    holds: Holds = _always
    dialects: frozenset[str] = DIALECTS
    about: str = "table"  # of what its object is: table, column, index, constraint, type or revision

    def filled(self, template: str, change: Change) -> str:
        words = {"object": change.object or "…", "table": change.table or "…", "name": change.name or "…", "detail": change.detail}
        for word, text in words.items():
            template = template.replace("{" + word + "}", text)
        return template


@dataclass(frozen=True)
class Finding:
    """`line` counts in the revision's file, and where `source` is sql or squawk in the SQL of its step. The severity is the rule's
    own, or what a policy makes of it."""

    rule: str
    severity: str
    revision: str
    direction: str
    line: int
    what: str
    why: str
    fix: str
    dialects: tuple[str, ...]
    object: str = ""
    source: str = "code"
    suppressed: dict[str, Any] | None = None  # {id, reason, by, expires_at}

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"dialects": list(self.dialects)}

    @property
    def counts(self) -> bool:
        return self.suppressed is None

    @property
    def key(self) -> tuple[str, str]:
        """Two findings of the same key say the same."""
        return self.rule, self.object.lower()


def counted(findings: Iterable[Finding]) -> dict[str, int]:
    """How many of each severity count."""
    live = [finding.severity for finding in findings if finding.counts]
    return {severity.value: live.count(severity.value) for severity in Severity}


def worst_first(finding: Finding) -> tuple[int, int, str]:
    return ORDER.get(finding.severity, len(ORDER)), finding.line, finding.rule
