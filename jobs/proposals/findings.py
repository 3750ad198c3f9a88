"""What is dangerous about a proposal: by its file, by the SQL for the database's own kind, and by the history that it would make."""

from dataclasses import replace
from typing import Any

from environments.findings import dialects_of
from jobs import squawk
from jobs.findings import kept, merged
from migrations_store import graph as graphs
from migrations_store.findings import candidate, preview, reading
from migrations_store.findings.finding import Finding, worst_first
from migrations_store.graph import Graph
from migrations_store.models import ProposalVersion
from migrations_store.suppressions import active, marked

VERSION_TABLE = "alembic_version"
NOTHING = Graph({}, [], [], [], [])


def findings_of(version: ProposalVersion) -> list[Finding]:
    """Both ways, worst first. Made when they are asked for, so that they follow the rules, the code and what was accepted since."""
    on, graph = _dialect(version), _history(version)
    found = [finding for file in version.files for finding in _of_file(file, graph, on)]
    here = [finding for finding in found if not on or on in finding.dialects]
    return sorted(marked(here, list(active(version.proposal.project))), key=worst_first)


def unasked(version: ProposalVersion) -> str:
    """Why squawk said nothing of the SQL for PostgreSQL; empty if it was asked."""
    return str(version.facts.get("unasked", ""))


def look_at_sql(version: ProposalVersion) -> None:
    """For the worker, before the version is kept: what its SQL shows by our rules and by squawk is put beside it."""
    on = _dialect(version)
    table = version.proposal.database.version_table if version.proposal.database else ""
    texts = {
        f"{number} {way}": sql for number, file in enumerate(version.files) for way in reading.DIRECTIONS if (sql := _sql(file, on, way))
    }
    theirs, silent = squawk.findings_of(texts, table or VERSION_TABLE) if on == "postgresql" and texts else ({}, "")
    for number, file in enumerate(version.files):
        file["findings"] = {
            way: [finding.as_json() for finding in merged(_judged(file, on, way, table), theirs.get(f"{number} {way}", []))]
            for way in reading.DIRECTIONS
        }
    version.facts["unasked"] = silent


def _of_file(file: dict[str, Any], graph: Graph, on: str) -> list[Finding]:
    return reading.both(*(_of_way(file, way, graph, on) for way in reading.DIRECTIONS))


def _of_way(file: dict[str, Any], way: str, graph: Graph, on: str) -> list[Finding]:
    read = reading.read(file["python"], way)
    node = graph.revisions.get(file["revision"])  # none for a text that does not say its own id, another's where two have the same
    told = (
        reading.of_node(graph, replace(node, path=file["path"]), way, read)
        if node
        else reading.placed(read.findings, file["revision"], way)
    )
    of_sql = [kept(entry) for entry in file["findings"][way]] if "findings" in file else _judged(file, on, way, "")
    further = preview.added(of_sql, read.changes)
    return [*told, *reading.placed(further, file["revision"], way)]


def _judged(file: dict[str, Any], on: str, way: str, table: str) -> list[Finding]:
    sql = _sql(file, on, way)
    return preview.judged(sql, dialect=on, version_table=table or VERSION_TABLE) if sql else []


def _sql(file: dict[str, Any], on: str, way: str) -> str:
    return ((file.get("sql") or {}).get(on) or {}).get(way, {}).get("sql") or ""


def _history(version: ProposalVersion) -> Graph:
    """The newest code's, with the version's files in it."""
    snapshot = version.proposal.project.latest_snapshot or version.snapshot
    files = [(file["path"], file["python"]) for file in version.files]
    return candidate.with_files(graphs.load(snapshot) if snapshot else NOTHING, files)


def _dialect(version: ProposalVersion) -> str:
    """As rules call it. Where it is about no database, that of all the project's; "" where they are of several kinds: then all count."""
    told = str(version.facts.get("dialect", ""))
    kinds = {told} if told else dialects_of(version.proposal.project)
    only = next(iter(kinds)) if len(kinds) == 1 else ""
    return "mysql" if only == "mariadb" else only
