"""Making plans: one command on one database, resolved to explicit revision ids, with a digest of all that decides what happens."""

import time
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.permissions import Action
from config.doorbell import ring
from config.errors import Invalid
from environments.models import Database, DatabaseState
from environments.permissions import require_on
from jobs import applied, facts
from jobs.errors import NotRead
from jobs.facts import Live
from jobs.models import Command, Plan
from migrations_store import graph as graphs
from migrations_store import resolution
from migrations_store import services as store
from migrations_store.effects import Effects, effects_of_steps
from migrations_store.graph import Graph
from migrations_store.models import Snapshot
from migrations_store.resolution import Resolution, ResolvedStep

READ_WAIT = 10.0


def make_plan(database: Database, *, user: User, command: str, revision: str | list[str] | None, snapshot: Snapshot | None = None) -> Plan:
    """The plan for `command` on `database` as code and database are now; the same facts give the same plan.

    Reads a directory source again, unless a snapshot that was just taken is given, and the database if it was never read. Raises
    Refused: the revision cannot be resolved, or the database cannot be read.
    """
    require_on(user, Action.CHECK, database)
    if command not in Command.values:
        raise Invalid(f"There is no command {str(command)[:40]!r}; use one of {', '.join(Command.values)}.", {"command": "Not a command."})
    snapshot = snapshot or store.refresh_if_directory(database.project)
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


def changed_since(plan: Plan, live: Live | None = None) -> list[str]:
    """What is no longer as it was when the plan was made, a sentence for each part; empty if all of it holds.

    `live` is what the database has just said; without it, what the last reading said counts. The files are looked at where they
    lie, so this is not for lists.
    """
    if not plan.facts:
        return ["plan: it was made by an earlier version of the dashboard, which did not keep what it rests on"]
    if plan.snapshot is None:
        return ["code: the reading that it was made from was deleted"]
    live = live or Live(plan.database.current, plan.database.identity)
    now = facts.gather(plan.database, plan.snapshot, plan.command, plan.steps, (plan.from_heads, plan.to_heads), live)
    edited = store.verify_unchanged(plan.snapshot)
    return ([facts.files(edited)] if edited else []) + facts.differences(plan.facts, now, place=plan.database.environment.name)


def wait_for_preview(plan: Plan, timeout: float | None = None) -> Plan:
    """Waits until a worker has written the plan's SQL, or says that it did not come in time."""
    deadline = time.monotonic() + (timeout if timeout is not None else settings.PREVIEW_TIMEOUT + 2)
    while plan.preview_state == "asked" and time.monotonic() < deadline:
        time.sleep(0.05)
        plan.refresh_from_db(fields=["preview_state", "preview", "rows"])
    return plan


def preview_of(plan: Plan, revision: str) -> dict[str, str | None]:
    """{"sql", "sql_unavailable"} of one step, whatever state the preview is in."""
    if plan.preview_state == "asked":
        return {"sql": None, "sql_unavailable": "The SQL is not there yet: no worker has written it so far."}
    nothing = {"sql": None, "sql_unavailable": "There is no SQL for this step."}
    found: dict[str, str | None] = plan.preview.get(revision, nothing)
    return {name: found[name] for name in nothing}


def read_soon(database: Database) -> bool:
    """Whether a plan would have to wait for the first reading; it is asked for then. For those who plan many and cannot wait for each."""
    if _is_unread(database):
        ring("environments.tasks.check_database", str(database.pk))
        return True
    return False


def _ensure_read(database: Database) -> None:
    """A plan starts from what the database has; the first reading may still be under way. One that was kept before readings kept
    which database they came from is made anew."""
    if read_soon(database):
        deadline = time.monotonic() + READ_WAIT
        while _is_unread(database) and time.monotonic() < deadline:
            time.sleep(0.05)
            database.refresh_from_db()
    if database.checked_at is None:
        raise NotRead(f"{database} has not been read yet: no worker has answered within {READ_WAIT:.0f} s. Nothing was changed; try again.")
    if database.state == DatabaseState.UNREACHABLE and not database.awaits_its_file:
        raise NotRead(f"{database} cannot be read, so there is no plan: {database.error}")


def _is_unread(database: Database) -> bool:
    return database.checked_at is None or (database.state != DatabaseState.UNREACHABLE and not database.identity)


def _kept(database: Database, snapshot: Snapshot, command: str, resolved: Resolution, *, user: User, requested: str) -> Plan:
    plan = Plan(database=database, snapshot=snapshot, command=command, created_by=user, requested_revision=requested)
    plan.from_heads, plan.to_heads = sorted(resolved.from_heads), sorted(resolved.to_heads)
    plan.steps, plan.warnings = _steps(resolved, snapshot), [*resolved.warnings, *_edited(plan, resolved)]
    live = Live(database.current, database.identity)
    plan.facts = facts.gather(database, snapshot, command, plan.steps, (plan.from_heads, plan.to_heads), live)
    plan.digest = facts.digest(plan.facts)
    with transaction.atomic():
        plan = Plan.objects.filter(database=database, digest=plan.digest).first() or _new(plan)
        if plan.preview_state == "asked":
            plan_id = plan.pk
            transaction.on_commit(lambda: ring("jobs.tasks.preview_plan", plan_id))
    return plan


def _edited(plan: Plan, resolved: Resolution) -> list[str]:
    """What of the database's past is not what the files say now."""
    if plan.snapshot is None or plan.command not in (Command.UPGRADE, Command.DOWNGRADE):
        return []
    undone = [step.revision for step in resolved.steps if step.direction == "downgrade"]
    return applied.warnings(plan.database, graphs.load(plan.snapshot), undone)


def _new(plan: Plan) -> Plan:
    has_sql = plan.steps and plan.command in (Command.UPGRADE, Command.DOWNGRADE)
    plan.preview_state = "asked" if has_sql else "ready"
    plan.preview = {} if has_sql else {step["revision"]: _no_sql(plan.command) for step in plan.steps}
    plan.save()
    return plan


def _no_sql(command: str) -> dict[str, str | None]:
    return {"sql": None, "sql_unavailable": f"A {command} changes the version table alone; the schema stays as it is."}


def _steps(resolved: Resolution, snapshot: Snapshot) -> list[dict[str, Any]]:
    effects = effects_of_steps(snapshot, [(step.revision, step.direction) for step in resolved.steps])
    return [_step(step, effect, resolved, snapshot) for step, effect in zip(resolved.steps, effects, strict=True)]


def _step(step: ResolvedStep, effect: Effects, resolved: Resolution, snapshot: Snapshot) -> dict[str, Any]:
    node = graphs.load(snapshot).revisions.get(step.revision)
    return {
        "revision": step.revision,
        "direction": step.direction,
        "message": step.message,
        "down_revisions": list(step.down_revisions),
        "checksum": node.sha256 if node else "",
        "downgrade": node.downgrade if node else "",
        "data_loss": effect.data_loss,
        "non_atomic": effect.non_atomic,
        "unclear": effect.unclear,
    } | ({"purge": True} if resolved.purge else {})


def _as_text(revision: str | list[str] | None) -> str:
    return " ".join(revision) if isinstance(revision, list) else revision or ""
