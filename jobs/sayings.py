"""What a job says in its log, in the dashboard's own words."""

from datetime import UTC, datetime
from typing import Any

from jobs.models import JobStatus, OutcomeState


def of_event(event: dict[str, Any]) -> str:
    """A line for what the runner reports; empty for what needs none."""
    kind = event.get("event")
    if kind == "started":
        alembic, sqlalchemy, python, pid = (event.get(name) for name in ("alembic", "sqlalchemy", "python", "pid"))
        return f"Alembic {alembic} and SQLAlchemy {sqlalchemy} on Python {python}, process {pid}. {event.get('isolation', '')}".strip()
    if kind == "connected":
        return "The connection leads to the right database."
    if kind == "locked":
        return f"The lock on the database is held, after {event.get('waited_ms', 0):.0f} ms."
    if kind == "waiting_for_lock":
        return "Waiting for the lock on the database: another migration holds it."
    if kind == "context":
        schema = f"{event['version_table_schema']}." if event.get("version_table_schema") else ""
        return f"env.py uses version table {schema}{event.get('version_table')}; it says {shown([str(head) for head in event['heads']])}."
    return ""


def closing(status: JobStatus, database_state: OutcomeState, heads: list[str] | None) -> str:
    if heads is None:
        where = "the database was not touched" if database_state == OutcomeState.UNCHANGED else "the database could not be read"
    else:
        where = f"the database is at {shown(heads)} ({database_state.label.lower()})"
    return f"{status.label}, {datetime.now(UTC):%H:%M:%S} UTC: {where}."


def shown(heads: list[str]) -> str:
    return ", ".join(heads) or "base"
