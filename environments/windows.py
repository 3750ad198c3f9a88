"""When jobs may run: windows by the clock of a time zone, and freezes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from environments.models import Environment
from environments.policies import Rules

HORIZON = timedelta(days=15)  # a week, and one more for a window that a change of the clock leaves out
DAY = timedelta(days=1)
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Window:
    """Whether jobs may run at a moment. Without windows it is always open, and the sentence is empty."""

    open: bool
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    sentence: str = ""


def window(rules: Rules, at: datetime) -> Window:
    """Times are UTC; the sentence names them in the policy's zone."""
    if not rules.windows:
        return Window(open=True)
    zone = ZoneInfo(rules.time_zone)
    for begin, end in _merged(_spans(rules.windows, zone, at)):
        if begin <= at < end:
            closes = end if end < at + HORIZON - 2 * DAY else None  # windows without a gap close never
            until = f" until {_shown(closes, zone)}" if closes else ""
            return Window(open=True, closes_at=closes, sentence=f"The window is open{until}.")
        if begin > at:
            return Window(open=False, opens_at=begin, sentence=f"The window is closed; the next one opens {_shown(begin, zone)}.")
    return Window(open=False, sentence="The window is closed, and none opens within two weeks.")


def frozen(environment: Environment, at: datetime) -> str:
    """Who froze it, until when and why; empty where nothing is frozen."""
    if not environment.freeze_reason or (environment.frozen_until is not None and at >= environment.frozen_until):
        return ""
    until = f"until {environment.frozen_until.astimezone(UTC):%a %-d %b %Y %H:%M} UTC" if environment.frozen_until else "until it is lifted"
    by = f" by {environment.frozen_by}" if environment.frozen_by else ""
    return f"{environment.name} is frozen{by} {until}: {environment.freeze_reason}"


def _spans(windows: tuple[dict[str, Any], ...], zone: ZoneInfo, at: datetime) -> Iterator[Span]:
    """Each window of the days around, as it begins and ends on that day."""
    first = at.astimezone(zone).date() - 2 * DAY
    for day in (first + DAY * offset for offset in range(HORIZON.days + 3)):
        for entry in windows:
            if day.weekday() in entry["days"]:
                opens, closes = time.fromisoformat(entry["from"]), time.fromisoformat(entry["to"])
                begin, end = _moment(day, opens, zone), _moment(day if closes > opens else day + DAY, closes, zone)
                if begin < end:
                    yield begin, end


def _moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """In UTC. Of a time that the clock shows twice the first; one that it leaves out counts as the moment of the jump."""
    local = datetime.combine(day, clock)
    while True:
        moment = local.replace(tzinfo=zone).astimezone(UTC)
        if moment.astimezone(zone).replace(tzinfo=None) == local:
            return moment
        local += timedelta(minutes=1)


def _merged(spans: Iterator[Span]) -> list[Span]:
    """In order; those that touch are one."""
    merged: list[Span] = []
    for begin, end in sorted(spans):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _shown(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%a %-d %b %H:%M} ({zone.key})"
