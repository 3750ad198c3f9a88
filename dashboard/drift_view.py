"""What checks found, as pages show it: a badge for each database, counts in words, and where a difference can be called noise."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from accounts.models import User
from accounts.permissions import Action, may
from dashboard import differences_view
from environments.models import Database
from jobs.drift import ignoring, ledger, queries
from jobs.models import Job
from migrations_store.differences import snippets
from migrations_store.models import IgnoredDifference, Project, Proposal, ProposalVersion

LOOKS = {
    "differs": ("warn", "drift", gettext_noop("Differs")),
    "failed": ("warn", "unplug", gettext_noop("Could not be checked")),
    "running": ("run", "ring", gettext_noop("Checking")),
    "never": ("idle", "q", gettext_noop("Never checked")),
    "in_step": ("ok", "check", gettext_noop("In step")),
}
SHOWN, PLACES = 200, 8


@dataclass(frozen=True)
class Line:
    """One database on the page."""

    row: queries.Row
    look: tuple[str, str, str]
    counts: list[tuple[str, str, str]]
    losses: int


@dataclass(frozen=True)
class Shared:
    """One difference and where it is: in the first databases, and in how many `more`. `query` names it in an address."""

    row: differences_view.Row
    places: list[Database]
    more: int
    since: datetime | None
    query: str


@dataclass(frozen=True)
class Found:
    """What one check found, for the job's page. `tables` are components/differences.html's, `hidden` what rules hide."""

    row: queries.Row
    tables: list[differences_view.Group]
    hidden: list[differences_view.Group]
    counts: list[tuple[str, str, str]]
    ignoring: str
    left_out: int

    @property
    def since(self) -> datetime | None:
        return self.row.since


@dataclass(frozen=True)
class Rule:
    """One ignore rule. `look` is its badge, `snippet` the lines of env.py that do the same."""

    rule: IgnoredDifference
    look: tuple[str, str, str]
    place: str
    snippet: snippets.Snippet
    waits: bool
    may_decide: bool
    may_take_back: bool


def look(state: str) -> tuple[str, str, str]:
    tone, icon, word = LOOKS[state]
    return tone, icon, _(word)


def lines(rows: list[queries.Row]) -> list[Line]:
    return [Line(row, look(row.state), differences_view.counts(row.entries), row.counts["data_loss"]) for row in rows]


def shared(same: list[queries.Same]) -> list[Shared]:
    found = []
    for number, one in enumerate(same, start=1):
        row, places = differences_view.Row(f"d{number}", one.entry, (), ()), [database for database, _since in one.places]
        only = f"database={places[0].pk}&" if len(places) == 1 else ""
        found.append(Shared(row, places[:PLACES], max(0, len(places) - PLACES), one.since, f"{only}{row.query}"))
    return found


def in_words(rows: list[queries.Row]) -> list[tuple[str, str, str]]:
    """Tone, icon and words of how many databases are in which state."""
    states = [row.state for row in rows]
    return [(tone, icon, _tally(state, states.count(state))) for state, (tone, icon, _word) in LOOKS.items() if state in states]


def _tally(state: str, count: int) -> str:
    words = {
        "differs": ngettext("%(count)d differs", "%(count)d differ", count),
        "failed": ngettext("%(count)d could not be checked", "%(count)d could not be checked", count),
        "running": ngettext("%(count)d checking", "%(count)d checking", count),
        "never": ngettext("%(count)d never checked", "%(count)d never checked", count),
        "in_step": ngettext("%(count)d in step", "%(count)d in step", count),
    }
    return words[state] % {"count": count}


def found(job: Job, user: User) -> Found | None:
    """None for jobs that kept no comparison."""
    row = queries.row_of(job)
    if row is None:
        return None
    tables, address = differences_view.groups(row.entries[:SHOWN]), ignoring_address(job.database.project, user, job.database)
    return Found(row, tables, hidden(row.ignored), differences_view.counts(row.entries), address, max(0, len(row.entries) - SHOWN))


def hidden(entries: list[dict[str, Any]]) -> list[differences_view.Group]:
    """What rules hide, with ids that no other row of the page has."""
    found = differences_view.groups(entries[:SHOWN])
    for number, group in enumerate(found, start=1):
        group.id = f"h{number}"
        for place, one in enumerate(group.rows, start=1):
            one.id = f"h{number}-{place}"
    return found


def of_proposal(proposal: Proposal, version: ProposalVersion | None, user: User) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The entries that count, and for the template what is ignored and where a further one can be."""
    place = proposal.environment, proposal.database
    counted, ignored = ledger.split(version.changes if version else [], ledger.alive(proposal.project), *place)
    shown = {"hidden": hidden(ignored), "ignored_count": len(ignored)}
    return counted, shown | {"ignoring": ignoring_address(proposal.project, user, proposal.database)}


def ignoring_address(project: Project, user: User, database: Database | None) -> str:
    """Where a difference of this database is called noise, to be followed by which; empty for those who may not."""
    if not may(user, Action.CHECK, project=project, environment=database.environment if database else None):
        return ""
    base = reverse("ignored-new", args=[project.slug])
    return f"{base}?{urlencode({'database': database.pk})}&" if database else f"{base}?"


def rule_view(rule: IgnoredDifference, user: User) -> Rule:
    place = {"project": rule.project, "environment": rule.environment}
    waits = ignoring.needs_second(rule)
    may_decide = waits and rule.made_by_id != user.pk and may(user, Action.REVIEW, **place)
    where = str(rule.database) if rule.database else rule.environment.name if rule.environment else _("all databases")
    may_take_back = not rule.over and may(user, Action.CHECK, **place)
    return Rule(rule, _look(rule, waits=waits), where, snippets.snippet(rule), waits, may_decide, may_take_back)


def _look(rule: IgnoredDifference, *, waits: bool) -> tuple[str, str, str]:
    if rule.taken_back_at:
        return "idle", "return", _("Taken back")
    if rule.decision == IgnoredDifference.Decision.REJECT:
        return "fail", "x", _("Rejected")
    if rule.over:
        return "idle", "clock", _("Expired")
    return ("warn", "diamond", _("Waits for a second person")) if waits else ("ok", "check", _("In force"))
