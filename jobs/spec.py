"""What the runner is told: one JSON document per run, passed through a pipe and never written down."""

import hashlib
import sys
from pathlib import Path
from typing import Any

from django.conf import settings

from environments import urls, version_table
from environments.models import Database
from jobs.models import Plan
from migrations_store.models import Project, Snapshot

Spec = dict[str, Any]


def interpreter(project: Project) -> str:
    """The Python that has the project's dependencies; the dashboard's own unless the project names one."""
    return project.python or sys.executable


def application_name(job_id: int) -> str:
    """What the job's session is called on the server; another dashboard may have a job of the same number there."""
    mark = hashlib.sha256(f"session names {settings.SECRET_KEY}".encode()).hexdigest()[:6]
    return f"alembic-dashboard job {job_id} ({mark})"


def build(plan: Plan, snapshot: Snapshot, *, password: str | None) -> Spec:
    """The part of the specification that runs and previews share; without a password where nothing may connect."""
    database, project = plan.database, plan.database.project
    root = Path(snapshot.root)
    values = _values(database, password)
    return {
        "command": plan.command,
        "config_file": _config_file(project, root),
        "section": project.section or "alembic",
        "script_location": _location(project.script_location, root),
        "version_locations": [_location(path, root) for path in project.version_locations] or None,
        "working_directory": str(root / project.working_directory),
        "root": str(root),
        "manifest": snapshot.manifest,
        "url": values["url"],
        "x_arguments": [_filled(template, values) for template in project.x_arguments],
        "env_vars": {name: _filled(template, values) for name, template in project.env_vars.items()},
        "flask_app": project.flask_app,
        "steps": [{"revision": step["revision"], "direction": step["direction"]} for step in plan.steps],
        "from": plan.from_heads,
        "to": plan.to_heads,
        "version_table": version_table.table_name(database),
        "version_table_schema": database.version_table_schema,
        "purge": any(step.get("purge") for step in plan.steps),
        "identity": None,
    }


def with_target(
    spec: Spec, *, identity: dict[str, Any], search_path: list[str], job_id: int, lock_timeout: int, statement_timeout: int
) -> Spec:
    """Adds what a run needs beyond a preview: the proof of the target, where its version is read, the lock and the time limits."""
    return spec | {
        "identity": identity,
        "search_path": search_path,
        "lock_key": lock_key(identity),
        "lock_wait": settings.LOCK_WAIT,
        "lock_timeout": lock_timeout,
        "statement_timeout": statement_timeout,
        "allow_poolers": settings.ALLOW_POOLERS,
        "application_name": application_name(job_id),
    }


def lock_key(identity: dict[str, Any]) -> int:
    """A signed 64-bit number for the database, the same for every profile that leads there, whatever its role may ask the server.

    PostgreSQL keeps advisory locks per database and SQLite's is the file's own; MySQL's are the server's, so the name has to count.
    """
    name = str(identity.get("database", "")).lower()
    digest = hashlib.sha256(f"alembic-dashboard {identity['dialect']} {name}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _values(database: Database, password: str | None) -> dict[str, str]:
    return {
        "url": urls.full_url(database, password or ""),
        "username": database.username,
        "password": password or "",
        "host": database.host,
        "port": str(database.port or ""),
        "database": database.database,
        "environment": database.environment.slug,
        "name": database.name,
    }


def _filled(template: str, values: dict[str, str]) -> str:
    # Not str.format: a value may hold braces, and only the known names are ours to fill.
    parts = template.split("{")
    filled = parts[0]
    for part in parts[1:]:
        name, closed, rest = part.partition("}")
        filled += values[name] + rest if closed and name in values else "{" + part
    return filled


def _config_file(project: Project, root: Path) -> str | None:
    path = root / (project.config_path or "alembic.ini")
    return str(path) if path.is_file() else None


def _location(location: str, root: Path) -> str | None:
    if not location:
        return None
    if location.startswith("%(here)s") or ":" in location:
        return location
    return str(root / location)
