"""A plan as its page shows it, and the targets that the form before it offers."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from accounts.models import User
from accounts.permissions import Action
from config.retelling import told as retold
from dashboard import finding_view, highlight
from dashboard.gate_view import Gates
from environments.models import Database
from environments.permissions import may_on
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
    "empty": ("warn", "warn", gettext_noop("Downgrade does nothing")),
    "raises": ("fail", "x", gettext_noop("Downgrade refuses")),
    "absent": ("fail", "x", gettext_noop("No downgrade")),
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
        heads = _every_head(graph)
        return [
            *heads,
            *(_target(graph, revision) for revision in graph.order[:OFFERED]),
            Target("base", _("Base: as if nothing had ever run")),
        ]
    return []


def _every_head(graph: Graph) -> list[Target]:
    heads = ", ".join(graph.real_heads)
    return [Target("heads", _("Every head of the code: %(heads)s") % {"heads": heads})] if heads else []


def _upgrades(database: Database, graph: Graph) -> list[Target]:
    if not database.was_read:
        return _every_head(graph)
    pending = [revision for revision in reversed(database.pending) if revision in graph.revisions]
    words = _("Everything: %(count)d pending") % {"count": database.pending_count}
    newest = [Target("heads", words)] if pending or not database.current else []
    return [*newest, *(_target(graph, revision) for revision in pending[:OFFERED])]


def _points(database: Database, graph: Graph) -> list[Target]:
    """Where the database was before its last jobs: what a person who rolls back has in mind."""
    return [
        Target(point.value, _("As before job %(number)s: %(revision)s, undoes %(count)s") % _told_point(point))
        for point in rollbacks.points(database, graph)
    ]


def _told_point(point: rollbacks.Point) -> dict[str, object]:
    return {"number": point.job.pk, "revision": point.revision, "count": point.undoes}


def _downgrades(database: Database, graph: Graph) -> list[Target]:
    known = [revision for revision in database.current if revision in graph.revisions]
    below = graph.ancestors(known) - set(known)
    listed = [_target(graph, revision) for revision in graph.order if revision in below][:OFFERED]
    return [*listed, Target("base", _("Base: undo every migration"))]


def _target(graph: Graph, revision: str) -> Target:
    node = graph.revisions[revision]
    marks = "".join(f" · {word}" for word in (["head"] if node.is_head else []) + list(node.branch_labels))
    said = node.message or _("no message")
    return Target(revision, f"{revision}  {said}{marks}")


# --- the plan


def route(plan: Plan, graph: Graph) -> Route:
    """From where the database is to where the plan brings it."""
    return Route(named(plan.from_heads, graph), named(plan.to_heads, graph), dots(len(plan.steps)), _way(plan))


def _way(plan: Plan) -> str:
    count = len(plan.steps)
    if not count:
        return _("nothing to run")
    if plan.command == Command.UPGRADE:
        words = ngettext("%(count)d revision to run", "%(count)d revisions to run", count)
    elif plan.command == Command.DOWNGRADE:
        words = ngettext("%(count)d revision to undo", "%(count)d revisions to undo", count)
    else:
        words = ngettext("%(count)d revision in the version table alone", "%(count)d revisions in the version table alone", count)
    return words % {"count": count}


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
    badge = (*badge[:2], _(badge[2])) if badge else None
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
        names = {"database": database, "now": ", ".join(database.current) or "base", "start": ", ".join(plan.from_heads) or "base"}
        return _("%(database)s is at %(now)s now; this plan starts at %(start)s.") % names
    if newest and newest.pk != plan.snapshot_id:
        return _("The code was read again since and has changed.")
    return ""


def bar(plan: Plan, found: Gates, *, user: User) -> Bar:
    label, icon = _label(plan, found)
    blocked = _blocked(plan, found, user)
    danger = plan.command in confirmation.DESTRUCTIVE
    return Bar(label, icon, blocked or _consequence(plan, found), bool(blocked), danger)


def _label(plan: Plan, found: Gates) -> tuple[str, str]:
    place = plan.database.environment.slug
    if found.needs_approval:
        return _("Request approval"), "diamond"
    words = {
        Command.CHECK: _("Check models on %(place)s"),
        Command.STAMP: _("Stamp %(place)s"),
        Command.UPGRADE: _("Run %(count)d on %(place)s"),
        Command.DOWNGRADE: _("Downgrade %(count)d on %(place)s"),
    }
    return words[Command(plan.command)] % {"count": len(plan.steps), "place": place}, "play"


def _blocked(plan: Plan, found: Gates, user: User) -> str:
    if not may_on(user, NEEDED.get(Command(plan.command), Action.RUN), plan.database):
        return _("Your role may look at plans; running them needs an operator.")
    if why := confirmation.irreversible(plan):
        return _("Cannot be undone: %(why)s. Choose a later revision.") % {"why": "; ".join(map(retold, why[:3]))}
    if not plan.steps and plan.command != Command.CHECK:
        return _("Nothing to do: the database already is where this plan would bring it.")
    return _("Cannot run yet: %(why)s") % {"why": "; ".join(retold(gate.detail) for gate in found.fix)} if found.fix else ""


def _consequence(plan: Plan, found: Gates) -> str:
    place, waits = str(plan.database), [gate for _, gate in found.wait if gate.name != gates.APPROVAL]
    after = " " + _("It waits its turn: %(why)s.") % {"why": retold(waits[0].detail).rstrip(".")} if waits else ""
    if plan.command != Command.CHECK and found.needs_approval:
        return _("The job waits until someone else approves it; nothing runs before.") + after
    sentences = {
        Command.CHECK: _("Compares the models with %(place)s and changes nothing."),
        Command.UPGRADE: _("Runs on %(place)s as soon as a worker is free."),
        Command.DOWNGRADE: _("Undoes %(count)d on %(place)s. Data that only these revisions hold is lost."),
        Command.STAMP: _("Rewrites the version table of %(place)s and runs no migration."),
    }
    return sentences[Command(plan.command)] % {"count": len(plan.steps), "place": place} + after
