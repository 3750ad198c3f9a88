"""Windows by the clock of a zone, over midnight and over both changes of the clock; freezes."""

from datetime import UTC, datetime, timedelta
from datetime import timezone as tz
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Role, User
from audit.models import AuditEntry
from config.errors import Forbidden, Invalid
from environments import freezes, policies, windows
from environments.models import Environment, Policy

EVERY = [0, 1, 2, 3, 4, 5, 6]


def rules(zone: str, *entries: tuple[list[int], str, str]) -> policies.Rules:
    given = [{"days": days, "from": begin, "to": end} for days, begin, end in entries]
    return policies.rules_of(Policy(windows=given, time_zone=zone), Environment(slug="prod", name="Production"))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


BERLIN_NIGHT = ("Europe/Berlin", (EVERY, "22:00", "06:00"))
OPEN: list[tuple[Any, str, bool, str | None]] = [
    # winter, UTC+1: 22:00 there is 21:00 UTC
    (BERLIN_NIGHT, "2026-01-14 20:59", False, "2026-01-14 21:00"),
    (BERLIN_NIGHT, "2026-01-14 21:00", True, "2026-01-15 05:00"),
    (BERLIN_NIGHT, "2026-01-15 04:59", True, "2026-01-15 05:00"),
    (BERLIN_NIGHT, "2026-01-15 05:00", False, "2026-01-15 21:00"),
    # the night in which 02:00 becomes 03:00 has seven hours, the one in which 03:00 becomes 02:00 has nine
    (BERLIN_NIGHT, "2026-03-28 21:00", True, "2026-03-29 04:00"),
    (BERLIN_NIGHT, "2026-10-24 20:00", True, "2026-10-25 05:00"),
    # a beginning that the clock leaves out is the moment of the jump; an end, too
    (("Europe/Berlin", ([6], "02:30", "05:00")), "2026-03-29 00:59", False, "2026-03-29 01:00"),
    (("Europe/Berlin", ([6], "01:00", "02:30")), "2026-03-29 00:30", True, "2026-03-29 01:00"),
    # a window that is left out as a whole is left out; the next is a week later
    (("Europe/Berlin", ([6], "02:10", "02:50")), "2026-03-29 00:30", False, "2026-04-05 00:10"),
    # of times that come twice the first counts
    (("Europe/Berlin", ([6], "02:10", "02:50")), "2026-10-25 00:20", True, "2026-10-25 00:50"),
    (("Europe/Berlin", ([6], "02:10", "02:50")), "2026-10-25 01:20", False, "2026-11-01 01:10"),
    # a day is that on which the window begins: Friday's goes on into Saturday
    (("UTC", ([4], "22:00", "06:00")), "2026-11-21 05:00", True, "2026-11-21 06:00"),
    (("UTC", ([4], "22:00", "06:00")), "2026-11-20 05:00", False, "2026-11-20 22:00"),
    # several, and such as touch are one
    (("UTC", ([5], "10:00", "12:00"), ([5], "12:00", "13:00"), ([6], "09:00", "10:00")), "2026-11-21 11:00", True, "2026-11-21 13:00"),
    (("UTC", ([5], "10:00", "12:00"), ([6], "09:00", "10:00")), "2026-11-21 12:00", False, "2026-11-22 09:00"),
    # from and to alike is a whole day; every day without a gap closes never
    (("UTC", ([5], "06:00", "06:00")), "2026-11-22 05:59", True, "2026-11-22 06:00"),
    (("UTC", (EVERY, "00:00", "00:00")), "2026-11-22 05:59", True, None),
    # elsewhere
    (("Asia/Kolkata", (EVERY, "22:00", "23:00")), "2026-11-21 16:29", False, "2026-11-21 16:30"),
    (("America/St_Johns", (EVERY, "00:00", "01:00")), "2026-11-21 03:30", True, "2026-11-21 04:30"),
    (("Pacific/Auckland", ([0], "08:00", "09:00")), "2026-11-22 18:59", False, "2026-11-22 19:00"),
]


@pytest.mark.parametrize(("given", "at", "is_open", "changes_at"), OPEN)
def test_window_is_open_by_the_clock_of_its_zone(given: Any, at: str, is_open: bool, changes_at: str | None) -> None:
    found = windows.window(rules(*given), utc(at))
    assert found.open == is_open
    assert (found.closes_at if is_open else found.opens_at) == (utc(changes_at) if changes_at else None)


def test_window_without_windows_is_always_open() -> None:
    assert windows.window(rules("UTC"), timezone.now()) == windows.Window(open=True)


def test_window_says_when_in_its_own_zone() -> None:
    given = rules(*BERLIN_NIGHT)
    assert (
        windows.window(given, utc("2026-01-14 12:00")).sentence
        == "The window is closed; the next one opens Wed 14 Jan 22:00 (Europe/Berlin)."
    )
    assert windows.window(given, utc("2026-01-14 23:00")).sentence == "The window is open until Thu 15 Jan 06:00 (Europe/Berlin)."


def test_window_agrees_with_itself_through_a_year_of_minutes_that_matter() -> None:
    """What opens at a moment is closed a minute before and open then."""
    given, at, seen = rules("Europe/Berlin", ([0, 6], "01:30", "02:30"), ([2], "23:00", "02:15")), utc("2026-01-01 00:00"), 0
    while at.year == 2026:
        found = windows.window(given, at)
        turn = found.closes_at or found.opens_at
        assert turn is not None
        assert windows.window(given, turn).open != found.open
        assert windows.window(given, turn - timedelta(minutes=1)).open == found.open
        at, seen = turn, seen + 1
    assert seen > 300


@pytest.fixture
def lead(db: None) -> User:
    return User.objects.create(username="lena", role=Role.LEAD)


def test_freeze_holds_until_its_end_or_until_it_is_lifted(lead: User, dev: Environment) -> None:
    now = timezone.now()
    freezes.freeze(dev, user=lead, reason="  Holiday sale  ", until=now + timedelta(hours=2))
    assert windows.frozen(dev, now).startswith("Development is frozen by lena until ")
    assert windows.frozen(dev, now).endswith(" UTC: Holiday sale")
    assert windows.frozen(dev, now + timedelta(hours=2)) == ""
    freezes.freeze(dev, user=lead, reason="Longer")
    assert "until it is lifted" in windows.frozen(dev, now + timedelta(days=900))
    freezes.lift(dev, user=lead)
    freezes.lift(dev, user=lead)
    assert windows.frozen(dev, now) == ""
    assert list(AuditEntry.objects.values_list("action", flat=True)) == ["environment.freeze", "environment.freeze", "environment.unfreeze"]


@pytest.mark.parametrize(
    ("reason", "until", "field"), [(" ", None, "reason"), ("x" * 2001, None, "reason"), ("why", timedelta(hours=-1), "until")]
)
def test_freeze_needs_a_reason_and_an_end_that_is_to_come(
    lead: User, dev: Environment, reason: str, until: timedelta | None, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        freezes.freeze(dev, user=lead, reason=reason, until=timezone.now() + until if until else None)
    assert set(refused.value.fields) == {field}
    assert not AuditEntry.objects.exists()


def test_freeze_that_ends_beyond_the_calendar_is_refused(lead: User, dev: Environment) -> None:
    """In UTC it would be the year 10,000."""
    last = datetime(9999, 12, 31, 23, 59, tzinfo=tz(timedelta(hours=-14)))
    with pytest.raises(Invalid, match="more than a hundred years away"):
        freezes.freeze(dev, user=lead, reason="why", until=last)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.REVIEWER, Role.OPERATOR, Role.AUDITOR])
def test_freeze_and_lift_need_the_permission(dev: Environment, role: Role) -> None:
    user = User.objects.create(username="v", role=role)
    with pytest.raises(Forbidden):
        freezes.freeze(dev, user=user, reason="why")
    with pytest.raises(Forbidden):
        freezes.lift(dev, user=user)
