"""What a policy makes of the rules: which are switched off, how bad the others are, and which of them stop a plan."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from migrations_store.findings.finding import Finding, Severity
from migrations_store.findings.registry import RULES

Levels = Mapping[str, str]  # rule id to level; what is not named is as the rule says
OFF = "off"
LEVELS = (OFF, *(severity.value for severity in reversed(Severity)))


def weighed(findings: Iterable[Finding], levels: Levels) -> list[Finding]:
    """With the severity that holds there; without those that are switched off."""
    at = [(finding, levels.get(finding.rule, finding.severity)) for finding in findings]
    return [replace(finding, severity=level) for finding, level in at if level != OFF]


def differing(levels: Levels) -> dict[str, str]:
    """Without what the rules say anyway, in the order of the rules."""
    return {rule: levels[rule] for rule in RULES if rule in levels and levels[rule] != RULES[rule].severity.value}
