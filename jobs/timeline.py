"""Where each database stood at any moment, as far as it was seen: by the jobs that moved it, and by moves without a job."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from audit.models import AuditEntry
from environments.models import Database
from jobs.models import Job

KEPT = 500  # newest moves of a project


@dataclass(frozen=True)
class Event:
    """A database went from `before` to `heads` at a moment; `job` is None where no job of ours did it."""

    at: datetime
    database: Database
    before: list[str]
    heads: list[str]
    job: Job | None = None

    @property
    def key(self) -> str:
        """By which an address names it."""
        return str(self.job.pk) if self.job else self.at.isoformat()


@dataclass(frozen=True)
class Timeline:
    """`events` ascend; `seen` has, for each database, what was known of it from when on."""

    events: list[Event]
    seen: dict[Any, list[tuple[datetime, list[str]]]] = field(default_factory=dict)

    def heads_at(self, database: Database, moment: datetime) -> list[str] | None:
        """None before the first time that anybody looked."""
        known = self.seen.get(database.pk, [])
        place = bisect_right([at for at, _ in known], moment)
        return known[place - 1][1] if place else None

    def place(self, moment: datetime) -> int:
        """How many of the events had happened."""
        return bisect_right([event.at for event in self.events], moment)


def of(databases: Iterable[Database]) -> Timeline:
    """Three queries, whatever the number of databases."""
    known = {database.pk: database for database in databases}
    moves = [*_by_jobs(known), *_outside(known)]
    events = sorted(moves, key=lambda event: event.at)[-KEPT:]
    seen: dict[Any, list[tuple[datetime, list[str]]]] = defaultdict(list)
    for event in events:
        if event.database.pk not in seen:
            seen[event.database.pk].append((_since(event), event.before))
        seen[event.database.pk].append((event.at, event.heads))
    for database in known.values():
        _now(database, seen[database.pk])
    return Timeline(events, dict(seen))


def _by_jobs(known: dict[Any, Database]) -> list[Event]:
    """Jobs after which another revision was read than before."""
    done = Job.objects.filter(database__in=known, finished_at__isnull=False, heads_after__isnull=False).exclude(command="check")
    done = done.select_related("plan", "requested_by").only(
        "database_id", "command", "status", "heads_after", "started_at", "finished_at", "requested_by", "plan__from_heads"
    )
    found = [(job, sorted(job.plan.from_heads), sorted(job.heads_after or [])) for job in done.order_by("-finished_at")[:KEPT]]
    moved = [(job, before, after) for job, before, after in found if before != after]
    return [Event(job.finished_at, known[job.database_id], before, after, job) for job, before, after in moved if job.finished_at]


def _outside(known: dict[Any, Database]) -> list[Event]:
    """What the watcher has recorded: the moment is that of the reading which saw it."""
    names = [f"database {database}" for database in known.values()]
    entries = AuditEntry.objects.filter(action="database.moved_outside", object__in=names).order_by("-seq")[:KEPT]
    by_id = {str(pk): database for pk, database in known.items()}
    told = [(entry.at, by_id.get(str(entry.detail.get("id"))), entry.detail) for entry in entries]
    return [
        Event(at, database, sorted(detail.get("from") or []), sorted(detail.get("to") or [])) for at, database, detail in told if database
    ]


def _since(event: Event) -> datetime:
    """From when on the state before the event was known: a job looks before it begins."""
    return (event.job.started_at if event.job else None) or event.at


def _now(database: Database, seen: list[tuple[datetime, list[str]]]) -> None:
    """The last reading, where nothing else says it."""
    heads = sorted(database.current)
    if database.was_read and database.changed_at and (not seen or (seen[-1][1] != heads and seen[-1][0] <= database.changed_at)):
        seen.append((database.changed_at, heads))
