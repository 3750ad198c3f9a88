"""A revision as its page shows it: where it is applied, its source with what rules say between the lines, its SQL."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from accounts.permissions import Action
from config.retelling import told
from dashboard import finding_view, highlight
from environments.models import Database, DatabaseState
from environments.permissions import may_on
from jobs.applied import Applied
from migrations_store.effects import Effects
from migrations_store.models import RevisionSql, SourceText

Look = tuple[str, str, str]
UNSURE = (DatabaseState.UNCHECKED, DatabaseState.UNREACHABLE)
NAMES = {"postgresql": "PostgreSQL", "mysql": gettext_noop("MySQL and MariaDB"), "sqlite": "SQLite"}
WAYS = ("upgrade", "downgrade")
DIFF = {"+": "add", "-": "del", "@": "at"}


@dataclass(frozen=True)
class Place:
    """What one database says of the revision. `note` is where in the queue of pending ones it stands."""

    applied: Applied
    look: Look
    note: str
    waits: bool = False

    @property
    def database(self) -> Database:
        return self.applied.database


@dataclass(frozen=True)
class Part:
    """Some lines of the source, and the findings that concern the last of them."""

    lines: tuple[highlight.Line, ...]
    rows: list[finding_view.Row]


@dataclass(frozen=True)
class Sql:
    """What is chosen of the SQL that was written: one dialect, one way. Without lines, `unavailable` says why."""

    kept: RevisionSql
    dialects: list[tuple[str, str]]
    dialect: str
    way: str
    lines: tuple[highlight.Line, ...]
    unavailable: str
    ways: tuple[str, ...] = WAYS


def place(applied: Applied, revision: str) -> Place:
    database = applied.database
    if applied.is_running:
        return Place(applied, ("run", "ring", _("Running")), "")
    if applied.here:
        return Place(applied, ("ok", "check", _("Applied")), "")
    if database.state in UNSURE and not database.current:
        return Place(applied, ("idle", "q", told(database.get_state_display())), "")
    if revision in database.pending:
        turn = {"number": database.pending.index(revision) + 1, "count": len(database.pending)}
        return Place(applied, ("idle", "up", _("Pending")), _("%(number)d of %(count)d pending") % turn, waits=True)
    return Place(applied, ("idle", "dashring", _("Not applied")), "")


def upgradable(places: Iterable[Place], user: User) -> Place | None:
    """The first database, in the order of environments, that waits for this revision and that the user may plan for."""
    return next((place for place in places if place.waits and may_on(user, Action.CHECK, place.database)), None)


def parts(lines: tuple[highlight.Line, ...], rows: Iterable[finding_view.Row]) -> list[Part]:
    """Cut behind each line that a finding of the code is about."""
    at: dict[int, list[finding_view.Row]] = {}
    for row in rows:
        if row.line_link:
            at.setdefault(row.finding.line, []).append(row)
    found, begin = [], 0
    for line in sorted(line for line in at if line <= len(lines)):
        found.append(Part(lines[begin:line], at[line]))
        begin = line
    return [*found, Part(lines[begin:], [])] if lines[begin:] or not found else found


def sql(kept: RevisionSql | None, dialect: str, way: str) -> Sql | None:
    """Of the dialect that was asked for, or else of the project's own, which comes first."""
    if kept is None or kept.state != RevisionSql.State.READY:
        return None
    dialect = dialect if dialect in kept.dialects else next(iter(kept.dialects), "")
    way = way if way in WAYS else WAYS[0]
    written: dict[str, Any] = (kept.dialects.get(dialect) or {}).get(way) or {}
    text = (written.get("sql") or "").strip("\n")
    names = [(name, _(NAMES.get(name, name))) for name in kept.dialects]
    unavailable = written.get("sql_unavailable") or kept.unavailable
    return Sql(kept, names, dialect, way, highlight.lines(text, dialect) if text else (), unavailable)


def text(chosen: Sql) -> list[str]:
    """Its lines as they were written; where there are none, why, as a comment."""
    written = (chosen.kept.dialects.get(chosen.dialect) or {}).get(chosen.way) or {}
    return [written["sql"]] if written.get("sql") else [f"-- {line}" for line in chosen.unavailable.splitlines() or ["not available"]]


def differences(now: str, places: Iterable[Place]) -> list[tuple[str, str]]:
    """From the file that ran last to the present one, line by line; empty where the old text was not kept, or none was edited."""
    then = next((place.applied.edited for place in places if place.applied.edited), "")
    text = SourceText.objects.filter(sha256=then).values_list("text", flat=True).first() if then else None
    if not text or not now:
        return []
    lines = list(difflib.unified_diff(text.splitlines(), now.splitlines(), lineterm="", n=3))[2:]
    return [(DIFF.get(line[:1], ""), line) for line in lines]


def reversibility(upgrade: Effects, downgrade: str) -> Look | None:
    """What the way back gives back."""
    looks = {
        "empty": ("warn", "warn", _("Does nothing")), "raises": ("warn", "x", _("Refuses")), "absent": ("warn", "x", _("None")),
        "present": ("warn", "undo", _("Structure only")) if upgrade.data_loss else ("ok", "check", _("Undoes it")),
    }  # fmt: skip
    return looks.get(downgrade)
