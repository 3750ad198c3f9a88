"""What a job waits for is told as it is: another job, approval, a worker, the broker, the scheduler, a database that does not answer."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models.functions import Now

from accounts.models import User
from config import broker
from environments import services as environments
from environments.models import Database
from jobs import execution, health, reaper, services, waiting
from jobs.models import Job, JobStatus, Pulse, Worker
from jobs.watch import named

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = timedelta(minutes=5)


@pytest.fixture
def job(admin: User, database: Database) -> Job:
    return services.request_job(database, user=admin, command="upgrade", revision="head")


@pytest.fixture
def alive() -> Iterator[None]:
    """A worker that takes jobs, and a scheduler that has just swept."""
    Worker.objects.create(name="jobs@here", queues="jobs", seen_at=Now())
    health.beat(health.SWEEP)
    yield
    broker._last = (float("-inf"), "")


def kind(job: Job) -> str | None:
    job.refresh_from_db()
    found = waiting.of(job)
    return found.kind if found else None


def test_a_job_behind_another_names_it(alive: None, admin: User, job: Job) -> None:
    second = services.request_job(job.database, user=admin, command="check", revision=None)
    found = waiting.of(second)
    assert found
    assert (found.kind, found.detail) == ("job", {"job": str(job.pk)})
    Job.objects.filter(pk=job.pk).update(status=JobStatus.UNKNOWN)
    found = waiting.of(second)
    assert found
    assert "unknown outcome" in found.text


def test_a_job_whose_turn_it_is_waits_for_a_free_worker(alive: None, job: Job) -> None:
    assert kind(job) == "turn"


def test_without_a_worker_that_takes_jobs_it_waits_for_one(alive: None, job: Job) -> None:
    Worker.objects.update(seen_at=Now() - LONG_AGO)
    Worker.objects.create(name="reads@here", queues="reads", seen_at=Now())
    assert kind(job) == "worker"


def test_without_a_broker_it_waits_for_that(alive: None, job: Job, settings: Any, tmp_path: Path) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    broker._last = (float("-inf"), "")
    assert kind(job) == "broker"


def test_without_a_sweep_it_waits_for_the_scheduler(alive: None, job: Job) -> None:
    Job.objects.update(created_at=Now() - LONG_AGO)
    assert kind(job) == "turn"
    Pulse.objects.update(seen_at=Now() - LONG_AGO)
    assert kind(job) == "scheduler"


def test_in_a_protected_environment_it_waits_for_approval(admin: User, database: Database) -> None:
    environments.update_environment(database.environment, user=admin, fields={"protected": True})
    job = services.request_job(Database.objects.get(pk=database.pk), user=admin, command="upgrade", revision="head")
    found = waiting.of(job)
    assert found
    assert (found.kind, "other than ada" in found.text) == ("approval", True)


def test_a_running_job_whose_worker_is_silent_says_so(job: Job) -> None:
    Job.objects.update(status=JobStatus.RUNNING, started_at=Now(), heartbeat_at=Now())
    assert kind(job) is None
    Job.objects.update(heartbeat_at=Now() - timedelta(seconds=20))
    assert kind(job) == "worker"


@pytest.mark.parametrize("canceled", [False, True])
def test_an_unknown_outcome_waits_for_the_database(job: Job, canceled: bool) -> None:
    Job.objects.update(status=JobStatus.RUNNING, started_at=Now(), heartbeat_at=Now() - LONG_AGO, fence=1)
    if canceled:
        Job.objects.update(cancel_requested_at=Now(), canceled_by="ada")
    Path(job.database.database).unlink()
    reaper.sweep()
    job.refresh_from_db()
    found = waiting.of(job)
    assert found
    assert found.kind == "database"
    assert "There is no file" in found.text
    assert ("ada canceled it" in found.text) is canceled


def test_a_job_that_has_ended_waits_for_nothing(run: Callable[..., Job], database: Database) -> None:
    assert kind(run(database, "upgrade", "head")) is None


def test_a_ring_that_was_lost_does_no_harm_to_what_is_told(alive: None, job: Job) -> None:
    execution.execute(job.pk)
    assert kind(job) is None


def test_what_is_told_of_a_lock_names_the_session() -> None:
    session = {"pid": 7, "application": "billing", "user": "app", "host": "", "state": "idle in transaction"}
    assert named(session, "session") == "billing (session 7, user app), idle in transaction"
    hidden = dict.fromkeys(session, "") | {"pid": 7}
    assert named(hidden, "session") == "a session (session 7)"


def test_the_scheduler_is_silent_after_two_minutes() -> None:
    assert health.scheduler(health.last_sweep_s()).startswith("failing: it has never")
    health.beat(health.SWEEP)
    assert health.scheduler(health.last_sweep_s()) == "ok"
    Pulse.objects.update(seen_at=datetime.now(UTC) - timedelta(seconds=121))
    assert health.scheduler(health.last_sweep_s()).startswith("failing: its last sweep was 12")
