"""The history as of an earlier moment: where each database stood then, and what moved it."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from config.errors import NotFound
from environments.models import Database
from jobs import timeline
from jobs.timeline import Event, Timeline
from migrations_store.graph import Graph


@dataclass(frozen=True)
class Replay:
    """`moment` is None for now. `place` counts the events until then, `ago` those since; `unknown` had not been looked at yet."""

    timeline: Timeline
    moment: datetime | None
    place: int
    databases: list[Database]
    unknown: list[Database]

    @property
    def count(self) -> int:
        return len(self.timeline.events)

    @property
    def ago(self) -> int:
        return self.count - self.place

    @property
    def event(self) -> Event | None:
        """The last that had happened."""
        return self.timeline.events[self.place - 1] if self.place else None

    @property
    def earlier(self) -> str:
        """How the address names the event before; the moment before all of them has no event."""
        return self.key_of(self.place - 1) if self.place else ""

    @property
    def later(self) -> str:
        return self.key_of(self.place + 1) if self.place + 1 < self.count else ""

    def key_of(self, place: int) -> str:
        """Empty for the last place, which is now."""
        events = self.timeline.events
        if place >= len(events):
            return ""
        return events[place - 1].key if place > 0 else (events[0].at - timedelta(microseconds=1)).isoformat()


def replay(graph: Graph, databases: list[Database], asked: str) -> Replay:
    """`asked` is a job's number or a moment; empty is now."""
    line = timeline.of(databases)
    if not asked:
        return Replay(line, None, len(line.events), databases, [])
    moment = _moment(line, asked)
    then = {database.pk: line.heads_at(database, moment) for database in databases}
    unknown = [database for database in databases if then[database.pk] is None]
    stood = [_as_of(database, heads, graph) for database in databases if (heads := then[database.pk]) is not None]
    return Replay(line, moment, line.place(moment), stood, unknown)


def chosen(line: Replay, data: Mapping[str, str]) -> str | None:
    """What the slider asks for, as the address names it: `event` counts from the oldest. None where nothing was asked."""
    text = data.get("event", "")
    return line.key_of(int(text)) if text.isascii() and text.isdigit() and len(text) < 6 else None


def _moment(line: Timeline, asked: str) -> datetime:
    event = next((event for event in line.events if event.key == asked), None)
    if event is not None:
        return event.at
    try:
        found = parse_datetime(asked.replace(" ", "+"))
    except ValueError:
        found = None
    if found is None:
        unknown = _("There is no moment %(asked)s in this history: name a job that moved one of its databases, or a time.")
        raise NotFound(unknown % {"asked": repr(asked[:40])})
    return found if timezone.is_aware(found) else timezone.make_aware(found)


def _as_of(database: Database, heads: list[str], graph: Graph) -> Database:
    """A copy that stands where it stood, judged by today's code. It is only drawn, never saved."""
    then = copy.copy(database)
    then.current = heads
    then.pending = graph.pending(heads) if all(head in graph.revisions for head in heads) else []
    then.pending_count = len(then.pending)
    return then


def who(event: Event) -> str:
    """Such as "ada", for a line about the event."""
    return event.job.requested_by.display_name if event.job else _("Somebody outside the dashboard")
