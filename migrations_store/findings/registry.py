"""All rules, and what they say of a list of changes."""

from collections.abc import Iterable

from migrations_store.findings import compatibility, locks, losses, transactions, whole
from migrations_store.findings.change import Change, Changes
from migrations_store.findings.finding import Finding, Rule

RULES: dict[str, Rule] = {rule.id: rule for rule in (*losses.RULES, *locks.RULES, *transactions.RULES, *compatibility.RULES, *whole.RULES)}


def judge(changes: Iterable[Change], *, source: str = "code") -> list[Finding]:
    """Each once: an object that is met twice by the same rule is told where it was met first. Revision and direction are the caller's."""
    found: dict[tuple[str, str], Finding] = {}
    together = Changes(list(changes))
    for change in together.all:
        for rule in RULES.values():
            if change.kind in rule.kinds and change.dialects & rule.dialects and rule.holds(change, together):
                finding = told(rule, change, source=source)
                found.setdefault(finding.key, finding)
    return list(found.values())


def told(rule: Rule, change: Change, *, source: str) -> Finding:
    what, why, fix = (rule.filled(template, change) for template in (rule.what, rule.why, rule.fix))
    object = change.table if rule.about in ("table", "constraint") else change.object
    dialects = tuple(sorted(rule.dialects & change.dialects))
    return Finding(
        rule.id, rule.severity.value, "", "", change.line, what, why, fix, dialects, object or change.name or change.detail, source
    )
