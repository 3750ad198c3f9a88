"""A plan as its page shows it, and the targets that the form before it offers."""

from dataclasses import dataclass
from typing import Any

from accounts.models import User
from accounts.permissions import Action, may
from dashboard import finding_view, highlight
from dashboard.gate_view import Gates
from environments.models import Database
from environments.urls import dialect
from jobs import confirmation, gates, queries, rollbacks
from jobs.findings import findings_of
from jobs.models import Command, Plan
from jobs.plans import preview_of
from migrations_store.graph import Graph

NEEDED = {Command.DOWNGRADE: Action.DOWNGRADE, Command.STAMP: Action.STAMP}
OFFERED = 200
DOTS = 12
MARKED_LINES = 1500  # beyond so many lines of SQL the rest of a plan is shown without colours
DOWNGRADES = {
    "empty": ("warn", "warn", "Downgrade does nothing"),
    "raises": ("fail", "x", "Downgrade refuses"),
    "absent": ("fail", "x", "No downgrade"),
}


@dataclass(frozen=True)
class Target:
    value: str
    label: str


@dataclass(frozen=True)
class StepView:
    """`took` is (environment, seconds) of the last time the same step succeeded elsewhere."""

    number: int
    revision: str
    message: str
    direction: str
    badge: tuple[str, str, str] | None
    losses: int
    took: tuple[str, float] | None
    sql: tuple[highlight.Line, ...]
    plain: str
    unavailable: str
    found: finding_view.Shown


@dataclass(frozen=True)
class Bar:
    """The action bar: one button, and why it cannot be pressed (`blocked`) or what pressing it means (`note`)."""

    label: str
    icon: str
    note: str
    blocked: bool
    danger: bool


@dataclass(frozen=True)
class Route:
    """Both ends as (revision, message) pairs, the circles between, and what the way is."""

    start: list[tuple[str, str]]
    end: list[tuple[str, str]]
    dots: list[str]
    words: str


# --- the form


def targets(command: str, database: Database, graph: Graph) -> list[Target]:
    """Explicit ids with their messages; relative ones are never offered, because they surprise on branches."""
    if command == Command.UPGRADE:
        return _upgrades(database, graph)
    if command == Command.DOWNGRADE:
        return [*_points(database, graph), *_downgrades(database, graph)]
    if command == Command.STAMP:
        heads = [Target("heads", f"Every head of the code: {', '.join(graph.real_heads)}")] if graph.real_heads else []
        return [
            *heads,
            *(_target(graph, revision) for revision in graph.order[:OFFERED]),
            Target("base", "Base: as if nothing had ever run"),
        ]
    return []


def _upgrades(database: Database, graph: Graph) -> list[Target]:
    pending = [revision for revision in reversed(database.pending) if revision in graph.revisions]
    newest = [Target("heads", f"Everything: all {database.pending_count} pending")] if pending or not database.current else []
    return [*newest, *(_target(graph, revision) for revision in pending[:OFFERED])]


def _points(database: Database, graph: Graph) -> list[Target]:
    """Where the database was before its last jobs: what a person who rolls back has in mind."""
    return [
        Target(point.value, f"As before job {point.job.pk}: {point.revision}, undoes {point.undoes}")
        for point in rollbacks.points(database, graph)
    ]


def _downgrades(database: Database, graph: Graph) -> list[Target]:
    known = [revision for revision in database.current if revision in graph.revisions]
    below = graph.ancestors(known) - set(known)
    listed = [_target(graph, revision) for revision in graph.order if revision in below][:OFFERED]
    return [*listed, Target("base", "Base: undo every migration")]


def _target(graph: Graph, revision: str) -> Target:
    node = graph.revisions[revision]
    marks = "".join(f" · {word}" for word in (["head"] if node.is_head else []) + list(node.branch_labels))
    return Target(revision, f"{revision}  {node.message or 'no message'}{marks}")


# --- the plan


def route(plan: Plan, graph: Graph) -> Route:
    """From where the database is to where the plan brings it."""
    count = len(plan.steps)
    verb = {Command.UPGRADE: "to run", Command.DOWNGRADE: "to undo"}.get(Command(plan.command), "in the version table alone")
    words = f"{count} revision{'' if count == 1 else 's'} {verb}" if count else "nothing to run"
    return Route(named(plan.from_heads, graph), named(plan.to_heads, graph), dots(count), words)


def dots(count: int) -> list[str]:
    """Where the circles of a hop stand, in percent; at most twelve, so that they stay apart."""
    shown = min(count, DOTS)
    return [f"{100 * place / shown:.4g}%" for place in range(1, shown + 1)]


def named(revisions: list[str], graph: Graph) -> list[tuple[str, str]]:
    return [(revision, graph.revisions[revision].message if revision in graph.revisions else "") for revision in revisions]


def steps(plan: Plan, graph: Graph, accepting: finding_view.Accepting | None = None) -> list[StepView]:
    """One query for the earlier durations, whatever the number of steps."""
    revisions = [step["revision"] for step in plan.steps]
    took = queries.step_durations(plan.database, revisions, direction=plan.command)
    language, budget, found = dialect(plan.database.driver), MARKED_LINES, []
    for number, (step, told) in enumerate(zip(plan.steps, findings_of(plan), strict=True), start=1):
        preview = preview_of(plan, step["revision"])
        text = (preview["sql"] or "").strip("\n")
        budget -= text.count("\n") + 1
        marked = highlight.lines(text, language) if text and budget > 0 else ()
        sql = marked, "" if marked else text, preview["sql_unavailable"] or ""
        found.append(_step(number, step, graph, plan.command, took, sql, finding_view.shown(told, accepting)))
    return found


def _step(
    number: int,
    step: dict[str, Any],
    graph: Graph,
    command: str,
    took: dict[str, tuple[str, float]],
    sql: tuple[tuple[highlight.Line, ...], str, str],
    told: finding_view.Shown,
) -> StepView:
    node = graph.revisions.get(step["revision"])
    badge = DOWNGRADES.get(node.downgrade) if node and command == Command.DOWNGRADE else None
    lost = len(step.get("data_loss") or [])
    return StepView(number, step["revision"], step["message"], step["direction"], badge, lost, took.get(step["revision"]), *sql, told)


def found_in(steps: list[StepView]) -> tuple[str, str, str] | None:
    """The badge of all steps together."""
    return finding_view.head(row.finding for step in steps for row in step.found.live)


def unasked(plan: Plan) -> str:
    """Why squawk was not asked about the SQL, if so."""
    kept = (entry.get("unasked") for entry in plan.preview.values())
    return next((why for why in kept if why), "")


def sql_text(plan: Plan) -> str:
    """The SQL of all steps, to be downloaded."""
    parts = []
    for step in plan.steps:
        preview = preview_of(plan, step["revision"])
        parts.append(f"-- {step['direction']} {step['revision']} {step['message']}".rstrip())
        parts.append(preview["sql"] or f"-- not available: {preview['sql_unavailable']}")
    return "\n".join(parts) + "\n"


def stale_because(plan: Plan) -> str:
    """Why the plan is no longer true, as far as can be seen without building it again; empty if it still holds."""
    database, newest = plan.database, plan.database.project.latest_snapshot
    if sorted(database.current) != plan.from_heads:
        return f"{database} is at {', '.join(database.current) or 'base'} now; this plan starts at {', '.join(plan.from_heads) or 'base'}."
    if newest and newest.pk != plan.snapshot_id:
        return "The code was read again since and has changed."
    return ""


def bar(plan: Plan, found: Gates, *, user: User) -> Bar:
    label, icon = _label(plan, found)
    blocked = _blocked(plan, found, user)
    danger = plan.command in confirmation.DESTRUCTIVE
    return Bar(label, icon, blocked or _consequence(plan, found), bool(blocked), danger)


def _label(plan: Plan, found: Gates) -> tuple[str, str]:
    place = plan.database.environment.name
    if found.needs_approval:
        return "Request approval", "diamond"
    if plan.command == Command.CHECK:
        return f"Check models on {place}", "play"
    verb = {Command.UPGRADE: "Run", Command.DOWNGRADE: "Downgrade", Command.STAMP: "Stamp"}[Command(plan.command)]
    return (f"{verb} {place}", "play") if plan.command == Command.STAMP else (f"{verb} {len(plan.steps)} on {place}", "play")


def _blocked(plan: Plan, found: Gates, user: User) -> str:
    place = {"project": plan.database.project, "environment": plan.database.environment}
    if not may(user, NEEDED.get(Command(plan.command), Action.RUN), **place):
        return "Your role may look at plans; running them needs an operator."
    if why := confirmation.irreversible(plan):
        return f"Cannot be undone: {'; '.join(why[:3])}. Choose a later revision."
    if not plan.steps and plan.command != Command.CHECK:
        return "Nothing to do: the database already is where this plan would bring it."
    return "Cannot run yet: " + "; ".join(gate.detail for gate in found.fix) if found.fix else ""


def _consequence(plan: Plan, found: Gates) -> str:
    place, waits = str(plan.database), [gate for _, gate in found.wait if gate.name != gates.APPROVAL]
    after = f" It waits its turn: {waits[0].detail.rstrip('.')}." if waits else ""
    if plan.command == Command.CHECK:
        return f"Compares the models with {place} and changes nothing.{after}"
    if found.needs_approval:
        return f"The job waits until someone else approves it; nothing runs before.{after}"
    sentences = {
        Command.UPGRADE: f"Runs on {place} as soon as a worker is free.",
        Command.DOWNGRADE: f"Undoes {len(plan.steps)} on {place}. Data that only these revisions hold is lost.",
        Command.STAMP: f"Rewrites the version table of {place} and runs no migration.",
    }
    return sentences[Command(plan.command)] + after
