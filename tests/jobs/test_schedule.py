"""Jobs that run at a time: not before, in their turn from then on, and never by themselves after a restore."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from config.errors import Invalid
from environments.models import Database, Environment, Policy
from jobs import execution, restored, schedule, services, waiting
from jobs.models import Job, JobStatus
from jobs.services import Wishes

pytestmark = pytest.mark.django_db(transaction=True)
Ask = Callable[..., Job]


@pytest.fixture
def ask(admin: User, database: Database) -> Ask:
    def request(**wishes: Any) -> Job:
        return services.request_job(database, user=admin, command="upgrade", revision="one", wishes=Wishes(**wishes))

    return request


def in_an_hour() -> datetime:
    return timezone.now() + timedelta(hours=1)


def is_due(job: Job) -> None:
    """Its time comes, by the store's clock."""
    Job.objects.filter(pk=job.pk).update(not_before=timezone.now() - timedelta(milliseconds=1))


def executed(job: Job) -> str:
    execution.execute(job.pk)
    job.refresh_from_db()
    return job.status


def test_a_job_does_not_run_before_its_time(ask: Ask) -> None:
    job = ask(not_before=in_an_hour())
    assert executed(job) == JobStatus.QUEUED
    assert schedule.first_in_line() == []
    wait = waiting.of(job)
    assert wait
    assert (wait.kind, wait.detail) == ("schedule", {"until": job.not_before.astimezone(UTC).isoformat()})  # type: ignore[union-attr]
    is_due(job)
    assert schedule.first_in_line() == [job.pk]
    assert executed(job) == JobStatus.SUCCEEDED


def test_a_job_that_waits_for_its_time_holds_up_nobody(ask: Ask) -> None:
    ask(not_before=in_an_hour())
    now = ask()
    assert schedule.first_in_line() == [now.pk]
    assert executed(now) == JobStatus.SUCCEEDED


def test_its_place_in_the_line_is_counted_from_its_time(ask: Ask) -> None:
    later, first = ask(not_before=in_an_hour()), ask()
    is_due(later)
    third = ask()
    assert list(schedule.line().values_list("pk", flat=True)) == [first.pk, later.pk, third.pk]
    assert (executed(third), executed(later)) == (JobStatus.QUEUED, JobStatus.QUEUED)
    wait = waiting.of(later)
    assert wait
    assert wait.title == f"Waits for job {first.pk}"
    assert [executed(job) for job in (first, later, third)] == [JobStatus.SUCCEEDED] * 3


def test_it_can_be_canceled_before(admin: User, ask: Ask) -> None:
    job = services.cancel_job(ask(not_before=in_an_hour()), user=admin)
    is_due(job)
    assert executed(job) == JobStatus.CANCELED


def test_an_approved_job_waits_for_its_time_too(admin: User, rita: User, prod: Environment, add_database: Callable[..., Database]) -> None:
    job = services.request_job(add_database(prod), user=admin, command="upgrade", revision="one", wishes=Wishes(not_before=in_an_hour()))
    services.decide(job, user=rita, decision="approve")
    assert executed(job) == JobStatus.QUEUED
    is_due(job)
    assert executed(job) == JobStatus.SUCCEEDED


def test_its_plan_is_looked_at_again_when_its_time_has_come(ask: Ask) -> None:
    later = ask(not_before=in_an_hour())
    assert executed(ask()) == JobStatus.SUCCEEDED
    is_due(later)
    assert executed(later) == JobStatus.SUCCEEDED
    assert later.steps.count() == 0


def test_nothing_that_was_scheduled_runs_after_a_restore(
    ask: Ask, admin: User, prod: Environment, add_database: Callable[..., Database]
) -> None:
    waits = [ask(not_before=in_an_hour()), services.request_job(add_database(prod), user=admin, command="upgrade", revision="one")]
    held = ask()
    Job.objects.filter(pk=held.pk).update(held={"gate": "window", "detail": "closed"}, held_until=in_an_hour())
    assert restored.cancel_waiting() == 3
    for job in [*waits, held]:
        is_due(job)
        assert executed(job) == JobStatus.CANCELED


@pytest.mark.parametrize(
    ("when", "match"),
    [
        (lambda: timezone.now() - timedelta(seconds=1), "has passed"),
        (lambda: timezone.now() + timedelta(days=400), "more than a year"),
        (lambda: datetime(2030, 1, 1), "no zone"),  # noqa: DTZ001 - that is what is wrong with it
    ],
)
def test_a_time_that_is_none_is_refused(ask: Ask, when: Callable[[], datetime], match: str) -> None:
    with pytest.raises(Invalid, match=match):
        ask(not_before=when())


def test_a_window_is_only_where_there_are_windows(ask: Ask, dev: Environment) -> None:
    with pytest.raises(Invalid, match="no run windows"):
        ask(in_window=True)
    Policy.objects.create(environment=dev, approvals=0, windows=[{"days": list(range(7)), "from": "00:00", "to": "23:59"}])
    assert ask(in_window=True).in_window
