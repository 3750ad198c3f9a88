"""What a running job says is written under its fence, and waits while the store is away."""

import pytest
from django.db import InternalError, OperationalError, connection

from jobs import execution, recorder, services
from jobs.models import Job, StepStatus
from jobs.recorder import Recorder, next_fence

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def job(admin, database) -> Job:
    asked = services.request_job(database, user=admin, command="upgrade", revision="head")
    claimed = execution.claim(asked.pk)
    assert claimed
    return claimed


@pytest.fixture
def away():
    """Takes the store away from the log, and gives it back."""

    def rename(before: str, after: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {before} RENAME TO {after}")

    rename("jobs_logchunk", "gone")
    back = [lambda: rename("gone", "jobs_logchunk")]
    yield back.pop()
    for give_back in back:
        give_back()


def lines(job: Job) -> list[str]:
    return [line[3] for chunk in job.log_chunks.order_by("first_seq") for line in chunk.lines]


def test_lines_wait_while_the_store_is_away(job, away, monkeypatch):
    monkeypatch.setattr(recorder, "RETRY_SECONDS", 0.0)
    mine = Recorder(job)
    mine.say("one")
    mine.flush()
    mine.say("two")
    mine.flush()
    away()
    mine.flush()
    mine.flush()
    assert lines(job) == ["one", "two"]
    assert Job.objects.get(pk=job.pk).line_count == 2


def test_lines_wait_while_the_store_takes_no_writes(job, monkeypatch):
    """As psycopg2 and Django say it of a PostgreSQL that is read-only, as one is that another takes over from."""
    monkeypatch.setattr(recorder, "RETRY_SECONDS", 0.0)
    mine, answers = Recorder(job), [InternalError("cannot execute UPDATE in a read-only transaction")]
    write = mine.write_now
    monkeypatch.setattr(mine, "write_now", lambda **values: write(**values) if not answers else (_ for _ in ()).throw(answers.pop()))
    mine.say("one")
    mine.flush()
    assert lines(job) == []
    mine.flush()
    assert lines(job) == ["one"]


def test_count_of_lines_is_not_told_before_the_lines_are_there(job, away):
    mine = Recorder(job)
    mine.say("one")
    mine.flush()
    assert Job.objects.get(pk=job.pk).line_count == 0
    away()


def test_store_that_stays_away_ends_the_run(job, away, monkeypatch):
    monkeypatch.setattr(recorder, "AWAY_SECONDS", 0.2)
    mine = Recorder(job)
    mine.say("one")
    with pytest.raises(OperationalError):
        mine.insist(mine.flush_all)
    away()


def test_worker_that_lost_its_job_writes_nothing(job):
    mine = Recorder(job)
    Job.objects.filter(pk=job.pk).update(**next_fence())
    mine.say("late")
    mine.flush()
    mine.step_started(1)
    assert lines(job) == []
    assert {step.status for step in job.steps.all()} == {StepStatus.PENDING}
    assert mine.lost


@pytest.mark.parametrize(
    ("told", "applied", "expected"),
    [
        ({}, set(), ["skipped", "skipped", "skipped"]),
        ({1: "running"}, {"one", "two", "three"}, ["succeeded", "succeeded", "succeeded"]),
        ({1: "succeeded", 2: "running"}, {"one"}, ["succeeded", "failed", "skipped"]),
        ({1: "succeeded", 2: "running"}, set(), ["skipped", "failed", "skipped"]),
        ({1: "succeeded", 2: "succeeded"}, set(), ["skipped", "failed", "skipped"]),
        ({1: "succeeded", 2: "running"}, None, ["succeeded", "failed", "skipped"]),
        ({1: "succeeded", 2: "failed", 3: "skipped"}, {"one"}, ["succeeded", "failed", "skipped"]),  # settled later than it was judged
        ({1: "succeeded", 2: "failed", 3: "skipped"}, {"one", "two"}, ["succeeded", "succeeded", "skipped"]),
    ],
)
def test_steps_are_what_the_database_has(job, told, applied, expected):
    for position, status in told.items():
        job.steps.filter(position=position).update(status=status)
    Recorder(job).steps_ended(applied, failed=bool(applied is None or len(applied) < 3) and bool(told))
    assert [step.status for step in job.steps.all()] == expected
