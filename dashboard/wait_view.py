"""What a job waits for, as its page shows it: moments become ages, and the sessions in the way become cards."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from dashboard import highlight
from environments import urls
from environments.models import Database
from jobs.models import Job, JobStatus
from jobs.waiting import Wait

LOOKS = {
    "lock": ("warn", "pause"),
    "job": ("idle", "clock"),
    "approval": ("idle", "diamond"),
    "release": ("idle", "diamond"),
    "schedule": ("idle", "clock"),
    "window": ("idle", "clock"),
    "freeze": ("idle", "pause"),
    "worker": ("warn", "unplug"),
    "broker": ("warn", "unplug"),
    "scheduler": ("warn", "unplug"),
    "turn": ("idle", "dot"),
    "database": ("warn", "q"),
}
SHOWN_SESSIONS = 3


@dataclass(frozen=True)
class Session:
    """One that holds what is waited for."""

    name: str
    place: str
    state: str
    seconds: float | None
    query: tuple[highlight.Line, ...]
    waits: bool


@dataclass(frozen=True)
class Lock:
    """The chain of a blocked job: those who hold, this job, those behind it."""

    wants: str
    certain: bool
    ours: bool
    noun: str
    sessions: list[Session]
    more: int
    behind: int
    behind_seconds: float | None
    gives_up_in: float | None


@dataclass(frozen=True)
class Card:
    """`seconds` is how long it has waited; `job` the number of the job before it."""

    tone: str
    icon: str
    wait: Wait
    seconds: float | None
    job: str = ""
    lock: Lock | None = None
    steps: tuple[str, ...] = field(default_factory=tuple)


def card(wait: Wait | None) -> Card | None:
    if wait is None:
        return None
    tone, icon = LOOKS[wait.kind]
    lock = lock_of(wait.detail) if wait.kind == "lock" else None
    return Card(tone, icon, wait, age(wait.since), wait.detail.get("job", ""), lock, wait.next)


def lock_of(blocked: dict[str, Any], at: datetime | None = None) -> Lock:
    """`at` is the moment to count to, for a record of the past."""
    sessions = [_session(session, blocked["noun"], at) for session in blocked["sessions"]]
    until = blocked["gives_up_at"]
    left = -(age(until, at) or 0.0) if until else None
    return Lock(
        blocked["wants"], blocked["certain"], blocked["for_our_lock"], blocked["noun"], sessions[:SHOWN_SESSIONS],
        max(0, len(sessions) - SHOWN_SESSIONS), blocked["behind"], age(blocked["behind_since"], at),
        left if left and left > 0 else None,
    )  # fmt: skip


def _session(session: dict[str, Any], noun: str, at: datetime | None) -> Session:
    user = _("user %(name)s") % {"name": session["user"]} if session["user"] else ""
    numbered, nameless = _nouns(noun)
    place = [numbered % {"number": session["pid"]} if session["pid"] else "", user, session["host"]]
    moment = session["transaction_since"] or session["state_since"]
    return Session(
        name=session["application"] or nameless,
        place=", ".join(part for part in place if part),
        state=session["state"],
        seconds=age(moment, at),
        query=highlight.lines(session["query"], "sql"),
        waits=session["waits"],
    )


def _nouns(noun: str) -> tuple[str, str]:
    """What holds a lock, with its number and without its name: SQLite knows processes, servers know sessions."""
    if noun == "process":
        return _("process %(number)s"), _("A process without a name")
    return _("session %(number)s"), _("A session without a name")


def age(moment: datetime | str | None, at: datetime | None = None) -> float | None:
    if moment is None:
        return None
    start = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return ((at or datetime.now(UTC)) - start) / timedelta(seconds=1)


def cancel_words(job: Job) -> str:
    """What a cancel does in this job's database, before anyone asks for it."""
    if job.status != JobStatus.RUNNING:
        return _("Nothing has run yet; %(database)s stays as it is.") % {"database": job.database}
    kind = _kind(job.database)
    words = {
        "postgresql": _(
            "The statement that runs is ended and PostgreSQL rolls its transaction back; only what a revision committed by itself stays."
        ),
        "mysql": _("The statement that runs is ended. MySQL and MariaDB commit each change of the schema at once, so what was done stays."),
        "sqlite": _("The process is ended and SQLite undoes its open transaction; what was committed before stays."),
    }
    then = _("Then the database is read, and this page says what is there.")
    return f"{words[kind]} {then}"


def _kind(database: Database) -> str:
    return urls.dialect(database.driver)
