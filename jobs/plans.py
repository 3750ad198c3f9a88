"""Making plans: one command on one database, resolved to explicit revision ids, with a digest of all that decides what happens."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.permissions import Action, require
from config.doorbell import ring
from config.errors import Invalid
from environments.models import Database, DatabaseState
from jobs.errors import NotRead
from jobs.models import ACTIVE, Command, Job, Plan
from migrations_store import graph as graphs
from migrations_store import resolution
from migrations_store import services as store
from migrations_store.graph import Graph
from migrations_store.models import Project, Snapshot
from migrations_store.resolution import Resolution, ResolvedStep

READ_WAIT = 10.0


@dataclass(frozen=True)
class Gate:
    """A condition of a plan. `kind` says who can open it: "fix" (the reader) or "wait" (someone or something else)."""

    name: str
    passed: bool
    detail: str
    kind: str = "fix"


def make_plan(database: Database, *, user: User, command: str, revision: str | list[str] | None) -> Plan:
    """The plan for `command` on `database` as code and database are now; the same facts give the same plan.

    Reads a directory source again, and the database if it was never read. Raises Refused: the revision cannot be resolved,
    or the database cannot be read.
    """
    require(user, Action.CHECK)
    if command not in Command.values:
        raise Invalid(f"There is no command {str(command)[:40]!r}; use one of {', '.join(Command.values)}.", {"command": "Not a command."})
    snapshot = store.refresh_if_directory(database.project)
    _ensure_read(database)
    resolved = resolve(graphs.load(snapshot), command, revision, database.current)
    return _kept(database, snapshot, command, resolved, user=user, requested=_as_text(revision))


def resolve(graph: Graph, command: str, revision: str | list[str] | None, current: list[str]) -> Resolution:
    """Explicit steps; the command `check` has none and stays where it is."""
    if command == Command.CHECK:
        return Resolution(steps=[], from_heads=sorted(current), to_heads=sorted(current), warnings=[])
    if not revision:
        raise Invalid("Name a revision, such as head.", {"revision": "Name a revision, such as head."})
    return resolution.resolve(graph, command, revision, current)


def digest_of(database: Database, snapshot: Snapshot, command: str, resolved: Resolution) -> str:
    """SHA-256 over everything that decides what happens: code, how it is run, command, explicit steps, start, target and profile."""
    content = {
        "snapshot": snapshot.digest,
        "project": _how_it_runs(database.project),
        "command": command,
        "from": sorted(resolved.from_heads),
        "to": sorted(resolved.to_heads),
        "steps": [[step.revision, step.direction] for step in resolved.steps],
        "database": [str(database.pk), database.driver, database.host, database.port, database.username, database.database, database.query],
        "version_table": [database.version_table, database.version_table_schema],
        "limits": [database.environment.lock_timeout, database.environment.statement_timeout, database.environment.protected],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def settings_hold(plan: Plan) -> bool:
    """Whether project, profile and limits are what they were when the plan was made; code and start are looked at apart."""
    steps = [ResolvedStep(step["revision"], step["direction"]) for step in plan.steps]
    resolved = Resolution(steps, plan.from_heads, plan.to_heads)
    return plan.snapshot is not None and digest_of(plan.database, plan.snapshot, plan.command, resolved) == plan.digest


def gates(plan: Plan) -> list[Gate]:
    """What has to hold before the plan runs; they are asked again when its turn comes."""
    database = plan.database
    busy = Job.objects.filter(database=database, status__in=ACTIVE).order_by("id").first()
    found = [
        Gate("reachable", database.state != DatabaseState.UNREACHABLE, database.error or f"{database.server or 'The database'} answers"),
        Gate("no other job", busy is None, f"Job {busy.pk} comes first" if busy else "Nothing else runs or waits here", "wait"),
    ]
    if database.environment.protected and plan.command != Command.CHECK:
        found.append(
            Gate("approval", passed=False, detail=f"{database.environment.name} is protected: someone else has to approve", kind="wait")
        )
    return found


def wait_for_preview(plan: Plan, timeout: float | None = None) -> Plan:
    """Waits until a worker has written the plan's SQL, or says that it did not come in time."""
    deadline = time.monotonic() + (timeout if timeout is not None else settings.PREVIEW_TIMEOUT + 2)
    while plan.preview_state == "asked" and time.monotonic() < deadline:
        time.sleep(0.05)
        plan.refresh_from_db(fields=["preview_state", "preview"])
    return plan


def preview_of(plan: Plan, revision: str) -> dict[str, str | None]:
    """{"sql", "sql_unavailable"} of one step, whatever state the preview is in."""
    if plan.preview_state == "asked":
        return {"sql": None, "sql_unavailable": "The SQL is not there yet: no worker has written it so far."}
    nothing = {"sql": None, "sql_unavailable": "There is no SQL for this step."}
    found: dict[str, str | None] = plan.preview.get(revision, nothing)
    return found


def _ensure_read(database: Database) -> None:
    """A plan starts from what the database has; the first reading may still be under way."""
    if database.checked_at is None:
        ring("environments.tasks.check_database", str(database.pk))
        deadline = time.monotonic() + READ_WAIT
        while database.checked_at is None and time.monotonic() < deadline:
            time.sleep(0.05)
            database.refresh_from_db()
    if database.checked_at is None:
        raise NotRead(f"{database} has not been read yet: no worker has answered within {READ_WAIT:.0f} s. Nothing was changed; try again.")
    will_be_made = database.error_code == "database_missing" and database.create_if_missing
    if database.state == DatabaseState.UNREACHABLE and not will_be_made:
        raise NotRead(f"{database} cannot be read, so there is no plan: {database.error}")


def _kept(database: Database, snapshot: Snapshot, command: str, resolved: Resolution, *, user: User, requested: str) -> Plan:
    digest = digest_of(database, snapshot, command, resolved)
    with transaction.atomic():
        plan = Plan.objects.filter(database=database, digest=digest).first()
        if plan is None:
            plan = Plan(database=database, snapshot=snapshot, command=command, digest=digest, created_by=user, requested_revision=requested)
            plan.from_heads, plan.to_heads = sorted(resolved.from_heads), sorted(resolved.to_heads)
            plan.steps, plan.warnings = [_step(step, resolved) for step in resolved.steps], list(resolved.warnings)
            has_sql = plan.steps and command in (Command.UPGRADE, Command.DOWNGRADE)
            plan.preview_state = "asked" if has_sql else "ready"
            plan.preview = {} if has_sql else {step["revision"]: _no_sql(command) for step in plan.steps}
            plan.save()
        if plan.preview_state == "asked":
            plan_id = plan.pk
            transaction.on_commit(lambda: ring("jobs.tasks.preview_plan", plan_id))
    return plan


def _no_sql(command: str) -> dict[str, str | None]:
    return {"sql": None, "sql_unavailable": f"A {command} changes the version table alone; the schema stays as it is."}


def _step(step: Any, resolved: Resolution) -> dict[str, Any]:
    kept = {key: value for key, value in asdict(step).items() if key in ("revision", "direction", "message", "down_revisions")}
    return (
        kept | {"down_revisions": list(kept.get("down_revisions") or [])} | ({"purge": True} if getattr(resolved, "purge", False) else {})
    )


def _how_it_runs(project: Project) -> list[Any]:
    names = (
        "python",
        "working_directory",
        "env_vars",
        "x_arguments",
        "flask_app",
        "config_path",
        "section",
        "script_location",
        "version_locations",
    )
    return [getattr(project, name) for name in names]


def _as_text(revision: str | list[str] | None) -> str:
    return " ".join(revision) if isinstance(revision, list) else revision or ""
