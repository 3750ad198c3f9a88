"""A proposal as lists and its own page show it: its look, its people, its tabs and its SQL."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from config.retelling import told as retold
from dashboard import differences_view, highlight
from jobs.proposals.standing import Standing, Word
from migrations_store.models import Proposal, ProposalVersion, Review

Look = tuple[str, str, str]
TABS = ("structure", "python", "sql", "diagram", "findings", "discussion", "versions")
STATUSES: dict[str, Look] = {
    "queued": ("idle", "dot", gettext_noop("Queued")),
    "running": ("run", "ring", gettext_noop("Being made")),
    "empty": ("idle", "check", gettext_noop("No differences")),
    "failed": ("fail", "x", gettext_noop("Failed")),
    "closed": ("idle", "slash", gettext_noop("Closed")),
}
STANDINGS: dict[str, Look] = {
    "open": ("run", "dot", gettext_noop("Open")),
    "changes_requested": ("warn", "return", gettext_noop("Changes requested")),
    "approved": ("ok", "check", gettext_noop("Approved")),
    "stale": ("warn", "checkdash", gettext_noop("Stale approval")),
}
DIALECTS = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite"}
WAYS = ("upgrade", "downgrade")


@dataclass(frozen=True)
class Item:
    """One line of a list."""

    proposal: Proposal
    look: Look
    counts: list[Look]
    loses: bool
    flagged: bool


@dataclass(frozen=True)
class Person:
    """What one person last said; `note` is which version it was said of, or why it does not count."""

    user: User
    look: Look
    note: str


@dataclass(frozen=True)
class Script:
    """The SQL of one file, in one dialect and one way; without any, `unavailable` says why."""

    revision: str
    lines: tuple[highlight.Line, ...]
    unavailable: str


def look(proposal: Proposal, stands: Standing) -> Look:
    tone, icon, word = STATUSES.get(proposal.status) or STANDINGS[stands.state]
    return tone, icon, _(word)


def item(proposal: Proposal, stands: Standing) -> Item:
    told: dict[str, int] = proposal.summary or {}
    there = [what for what in ("added", "removed", "changed") if told.get(what)]
    counts = [(*differences_view.SIGNS[what][:2], differences_view.tally(what, told[what])) for what in there]
    return Item(proposal, look(proposal, stands), counts, bool(told.get("data_loss")), bool(told.get("red_flags")))


def people(stands: Standing, reviews: Iterable[Review]) -> list[Person]:
    """Those who have said something, with their last decision; the others have commented."""
    decided = {word.review.user_id for word in stands.words}
    found = [_person(word, stands.version) for word in stands.words]
    commented = {review.user_id: review.user for review in reviews if review.user_id not in decided}
    return found + [Person(user, ("idle", "comment", _("commented")), "") for user in commented.values()]


def languages(version: ProposalVersion) -> list[tuple[str, str]]:
    """The dialects that there is SQL for, the database's own first."""
    known = dict.fromkeys(name for file in version.files for name in file.get("sql") or {})
    return [(name, DIALECTS.get(name, name)) for name in known]


def scripts(version: ProposalVersion, dialect: str, way: str) -> list[Script]:
    return [_script(file, dialect, way) for file in version.files]


def sql_text(version: ProposalVersion, dialect: str, way: str) -> str:
    """All files one after the other; what there is none of is said in a comment."""
    return "\n\n".join(_plain(file, *_sql(file, dialect, way)) for file in version.files).strip("\n") + "\n"


def _plain(file: dict[str, Any], text: str, unavailable: str) -> str:
    return text or f"-- {file['revision']}: {' '.join(unavailable.split()) or 'its SQL was not asked for.'}"


def _script(file: dict[str, Any], dialect: str, way: str) -> Script:
    text, unavailable = _sql(file, dialect, way)
    return Script(
        file["revision"],
        highlight.lines(text.strip("\n"), dialect) if text.strip() else (),
        retold(unavailable) or _("Its SQL was not asked for."),
    )


def _sql(file: dict[str, Any], dialect: str, way: str) -> tuple[str, str]:
    found = ((file.get("sql") or {}).get(dialect) or {}).get(way) or {}
    return found.get("sql") or "", found.get("sql_unavailable") or ""


def _person(word: Word, newest: int) -> Person:
    looks = {"approve": ("ok", "check", _("approved")), "request_changes": ("warn", "return", _("asked for changes"))}
    tone, icon, said = looks[word.review.decision]
    number = word.review.version.number
    void = _("does not count: %(why)s") % {"why": retold(word.void)} if word.void else ""
    note = _("of version %(number)d, which is no longer the newest") % {"number": number} if number != newest else void
    return Person(word.review.user, ("idle" if word.void else tone, icon, said), note)
