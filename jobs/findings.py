"""The findings of a plan's steps: by the code, by the SQL of its preview, on the plan's kind of database."""

from dataclasses import fields, replace
from typing import Any

from environments import policies
from environments.policies import Rules
from environments.urls import dialect
from jobs import squawk
from jobs.models import Plan
from migrations_store.findings import preview, reading
from migrations_store.findings.finding import Finding, Severity, worst_first
from migrations_store.findings.levels import weighed
from migrations_store.findings.registry import RULES
from migrations_store.suppressions import active, marked

FIELDS = {field.name for field in fields(Finding)}


def findings_of(plan: Plan, rules: Rules | None = None) -> list[list[Finding]]:
    """Of each step, worst first, as bad as they are in the plan's environment; in a constant number of queries."""
    if plan.snapshot is None or not plan.steps:
        return [[] for _ in plan.steps]
    on, suppressions = dialect(plan.database.driver), list(active(plan.database.project))
    levels = (rules or policies.rules_for(plan.database)).severities
    steps = [(step["revision"], step["direction"]) for step in plan.steps]
    read = reading.changes_of(plan.snapshot, steps)
    found = []
    for step, told, of_code in zip(steps, reading.of_steps(plan.snapshot, steps), read, strict=True):
        more = preview.added(_of_preview(plan, *step), of_code.changes)
        here = [finding for finding in [*told, *more] if on in finding.dialects]
        found.append(sorted(marked(weighed(here, levels), suppressions), key=worst_first))
    return found


def blocking(plan: Plan, rules: Rules) -> list[Finding]:
    """Those that refuse the plan, because the policy says so and nobody has accepted them."""
    if Severity.BLOCK not in rules.severities.values():
        return []
    return [finding for step in findings_of(plan, rules) for finding in step if finding.severity == Severity.BLOCK and finding.counts]


def of_sql(plan: Plan, written: dict[str, dict[str, Any]]) -> tuple[dict[str, list[dict[str, Any]]], str]:
    """For each revision what its SQL shows, by our rules and by squawk, to be kept beside it; and why squawk said nothing, if so."""
    on, version_table = dialect(plan.database.driver), plan.database.version_table or "alembic_version"
    texts = {revision: entry["sql"] for revision, entry in written.items() if entry["sql"]}
    ours = {revision: preview.judged(text, dialect=on, version_table=version_table) for revision, text in texts.items()}
    theirs, silent = squawk.findings_of(texts, version_table) if on == "postgresql" and texts else ({}, "")
    found = {revision: merged(text, theirs.get(revision, [])) for revision, text in ours.items()}
    return {revision: [finding.as_json() for finding in told] for revision, told in found.items()}, silent


def merged(ours: list[Finding], theirs: list[Finding]) -> list[Finding]:
    """What squawk says as well is told once, by our rule."""
    known = {finding.key for finding in ours}
    return [*ours, *({finding.key: finding for finding in theirs if finding.key not in known}.values())]


def _of_preview(plan: Plan, revision: str, direction: str) -> list[Finding]:
    entries = (plan.preview.get(revision) or {}).get("findings") or []
    return [replace(kept(entry), revision=revision, direction=direction) for entry in entries]


def kept(entry: dict[str, Any]) -> Finding:
    """From what was kept beside the SQL; how bad it is, is the rule's to say."""
    known = {name: value for name, value in entry.items() if name in FIELDS}
    rule = RULES.get(entry["rule"])
    return Finding(**known | {"dialects": tuple(entry["dialects"]), "severity": rule.severity.value if rule else entry["severity"]})
