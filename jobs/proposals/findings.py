"""What is dangerous about a proposal, by its file and by the SQL for the database's own kind: the rules are those of revisions."""

from dataclasses import replace
from typing import Any

from migrations_store.findings import preview, reading
from migrations_store.findings.finding import Finding, worst_first
from migrations_store.models import ProposalVersion
from migrations_store.suppressions import active, marked


def findings_of(version: ProposalVersion) -> list[Finding]:
    """Both ways, worst first. Made when they are asked for, so that they follow the rules and what was suppressed since."""
    on = "mysql" if version.facts.get("dialect") == "mariadb" else str(version.facts.get("dialect", ""))
    found = [finding for file in version.files for way in reading.DIRECTIONS for finding in _of_way(file, way, on)]
    return sorted(marked(found, list(active(version.proposal.project))), key=worst_first)


def _of_way(file: dict[str, Any], way: str, on: str) -> list[Finding]:
    read = reading.read(file["python"], way)
    sql = ((file.get("sql") or {}).get(on) or {}).get(way, {}).get("sql")
    further = preview.added(preview.judged(sql, dialect=on, version_table="alembic_version"), read.changes) if sql else []
    told = [replace(finding, revision=file["revision"], direction=way) for finding in (*read.findings, *further)]
    return [finding for finding in told if on in finding.dialects]
