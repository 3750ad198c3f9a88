"""The page of one job: after its end, while it runs, and canceling it."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from environments.models import Database
from jobs import services
from jobs.models import Job, JobStatus, LogChunk
from tests.jobs.conftest import write_revision

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., Job]


def page(client: Client, job: Job, query: str = "") -> str:
    answer = client.get(f"/jobs/{job.pk}/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def write_log(job: Job, *texts: str, stream: str = "stdout") -> None:
    first = job.line_count + 1
    moment = datetime.now(UTC).isoformat()
    lines = [[first + place, moment, stream, text] for place, text in enumerate(texts)]
    LogChunk.objects.create(job=job, first_seq=first, last_seq=lines[-1][0], lines=lines)
    job.line_count = lines[-1][0]
    job.save()


@pytest.fixture
def running(admin: User, database: Database) -> Job:
    """A job as a worker has it in hand."""
    job = services.request_job(database, user=admin, command="upgrade", revision="head")
    Job.objects.filter(pk=job.pk).update(status=JobStatus.RUNNING, started_at=datetime.now(UTC), fence=1)
    job.refresh_from_db()
    return job


def test_a_finished_job_says_what_the_database_is_now(client: Client, run: Run, database: Database) -> None:
    shown = page(client, run(database, "upgrade", "head"))
    assert "Succeeded" in shown
    assert "is at three, as planned" in shown
    assert "3 of 3 done" in shown


def test_a_finished_job_polls_no_more(client: Client, run: Run, database: Database) -> None:
    job = run(database, "upgrade", "head")
    assert 'hx-trigger="every' not in page(client, job)
    assert 'hx-trigger="every' not in client.get(f"/jobs/{job.pk}/status/").content.decode()
    assert 'hx-trigger="every' not in client.get(f"/jobs/{job.pk}/log/?after=0").content.decode()


def test_a_failed_job_explains_itself(client: Client, run: Run, database: Database, root: Path) -> None:
    write_revision(root, "four", "three", "raise ValueError('no such luck')")
    job = run(database, "upgrade", "head")
    shown = page(client, job)
    assert job.error is not None
    assert "Failed" in shown
    assert "Database now" in shown
    assert "Next, the safest first" in shown


def test_lines_are_grouped_by_step_and_have_anchors(client: Client, run: Run, database: Database) -> None:
    shown = page(client, run(database, "upgrade", "head"))
    assert "Step 1 of 3 <code" in shown
    assert 'id="L1"' in shown


def test_new_lines_come_with_the_next_poller(client: Client, running: Job) -> None:
    write_log(running, "hello", "<script>alert(1)</script>")
    shown = client.get(f"/jobs/{running.pk}/log/?after=0").content.decode()
    assert "hello" in shown
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown
    assert 'after=2"' in shown


def test_nothing_new_is_204(client: Client, running: Job) -> None:
    write_log(running, "hello")
    assert client.get(f"/jobs/{running.pk}/log/?after=1").status_code == 204


def test_a_running_job_polls_header_and_log(client: Client, running: Job) -> None:
    shown = page(client, running)
    assert 'hx-trigger="every 1s"' in shown
    assert "log-poller" in shown
    assert "<noscript>" in shown


def test_errors_and_warnings_are_marked_and_filtered(client: Client, running: Job) -> None:
    write_log(running, "all well", "WARNING: look", "sqlalchemy.exc.OperationalError: boom")
    assert 'class="w"' in page(client, running)
    errors = page(client, running, "?level=errors")
    assert "boom" in errors
    assert "all well" not in errors
    assert "all well" in page(client, running, "?find=ALL")


@pytest.mark.parametrize(
    ("text", "is_error"),
    [
        ("Traceback (most recent call last):", True),
        ("sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) no such table: t", True),
        ("    app.errors.StillUsed", False),
        ("KeyboardInterrupt", False),
        ("ERROR [alembic.util.messaging] it failed", True),
        ("  + Exception Group Traceback (most recent call last):", True),
        ("ValueError", True),
        ("    self._handle_dbapi_exception(", False),
        ("    raise LookupError(name) from error", False),
        ("(Background on this error at: https://sqlalche.me/e/20/e3q8)", False),
    ],
)
def test_quoted_code_is_no_error_of_its_own(client: Client, running: Job, text: str, is_error: bool) -> None:
    write_log(running, text)
    assert ('class="e"' in page(client, running)) is is_error


def test_a_long_log_shows_its_end_and_leads_to_the_rest(client: Client, running: Job) -> None:
    write_log(running, *[f"line {number}" for number in range(1, 3001)])
    shown = page(client, running)
    assert ">line 3000<" in shown
    assert ">line 1<" not in shown
    assert ">line 1<" in page(client, running, "?after=0")
    assert ">line 1500<" in page(client, running, "?line=1500")


def test_the_whole_log_is_text(client: Client, running: Job) -> None:
    write_log(running, "one", "two")
    answer = client.get(f"/jobs/{running.pk}/log.txt")
    assert answer["Content-Type"].startswith("text/plain")
    assert b"".join(answer.streaming_content).decode().count("\n") == 2


def test_canceling_needs_a_reason(client: Client, running: Job) -> None:
    assert client.post(f"/jobs/{running.pk}/cancellation/", {"reason": " "}).status_code == 422
    assert client.post(f"/jobs/{running.pk}/cancellation/", {"reason": "wrong database"}).status_code == 302
    shown = page(client, running)
    assert "Canceling" in shown
    assert "wrong database" in shown


def test_an_ended_job_cannot_be_canceled(client: Client, run: Run, database: Database) -> None:
    job = run(database, "upgrade", "head")
    assert "Cancel…" not in page(client, job)
    assert client.post(f"/jobs/{job.pk}/cancellation/", {"reason": "late"}).status_code == 409


def test_what_nobody_runs_any_more_is_not_called_ended(client: Client, running: Job) -> None:
    Job.objects.filter(pk=running.pk).update(status=JobStatus.UNKNOWN)
    answer = client.post(f"/jobs/{running.pk}/cancellation/", {"reason": "late"})
    assert answer.status_code == 409
    assert "read as soon as shop/dev answers" in answer.content.decode()
    assert "ended" not in answer.content.decode()


def test_a_viewer_cannot_cancel(viewer_client: Client, running: Job) -> None:
    assert "Cancel…" not in page(viewer_client, running)
    assert viewer_client.post(f"/jobs/{running.pk}/cancellation/", {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("query", ["?after=-1", "?after=x", "?line=999999999999", "?level=<b>", "?after=99999999"])
def test_odd_queries_are_harmless(client: Client, running: Job, query: str) -> None:
    write_log(running, "hello")
    assert page(client, running, query)


@pytest.mark.parametrize("id", ["0", "x", "99999999999999999999", "-1"])
def test_what_is_not_there_is_not_found(client: Client, id: str) -> None:
    assert client.get(f"/jobs/{id}/").status_code == 404


BLOCKED = {
    "wants": "ACCESS EXCLUSIVE on users",
    "since": "2026-01-01T00:00:00+00:00",
    "gives_up_at": None,
    "certain": True,
    "for_our_lock": False,
    "noun": "session",
    "behind": 6,
    "behind_since": "2026-01-01T00:00:00+00:00",
    "seen_at": "2026-01-01T00:00:05+00:00",
    "sessions": [
        {
            "pid": 9914,
            "application": "<b>billing",
            "user": "app",
            "host": "10.0.3.7",
            "state": "idle in transaction",
            "state_since": None,
            "transaction_since": "2025-12-31T23:59:00+00:00",
            "query": "SELECT 1 FROM <i>",
            "waits": False,
        }
    ],
}


def test_a_blocked_job_says_who_is_in_the_way(client: Client, running: Job) -> None:
    Job.objects.filter(pk=running.pk).update(blocked_by=BLOCKED, heartbeat_at=datetime.now(UTC))
    shown = page(client, running)
    for words in (
        "Blocked by another session",
        "session 9914, user app, 10.0.3.7",
        "ACCESS EXCLUSIVE on users",
        "6 sessions",
        "idle in transaction",
    ):
        assert words in shown
    assert "&lt;b&gt;billing" in shown
    assert "<b>billing" not in shown
    assert "<i>" not in shown
    assert "Blocked" in client.get("/jobs/").content.decode()


def test_what_gave_up_waiting_says_who_was_in_the_way(client: Client, run: Run, database: Database) -> None:
    job = run(database, "upgrade", "head")
    error = {"code": "AM-301", "title": "t", "why": "w", "next": [], "detail": {"blocked_by": BLOCKED, "message": "lock timeout"}}
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED, database_state="unchanged", error=error)
    shown = page(client, job)
    assert "Who was in the way" in shown
    assert "1 m 05 s" in shown  # its transaction's age when it was seen
    assert "lock timeout" in shown


def test_a_part_that_stayed_offers_no_second_try(client: Client, run: Run, database: Database, root: Path) -> None:
    write_revision(root, "four", "three", 'op.execute("CREATE TABLE half (id int)"); raise ValueError("no such luck")')
    job = run(database, "upgrade", "head")
    assert job.database_state == "partial"
    assert job.error is not None
    assert job.error["next"][0].startswith("Do not run it again")
    shown = page(client, job)
    assert "Plan it again" not in shown
    assert "Partial" in shown
    of_database = client.get(f"/databases/{database.pk}/").content.decode()
    assert f"A part of job {job.pk} has stayed" in of_database
    assert "Upgrade to" not in of_database
    of_project = client.get(f"/projects/{database.project.slug}/").content.decode()
    assert "Partial" in of_project
    assert "Upgrade 1" not in of_project
    asked = client.post(f"/databases/{database.pk}/plans/new", {"command": "upgrade", "revision": "heads"}, follow=True)
    assert f"A part of job {job.pk} has stayed" in asked.content.decode(), "somebody who asks all the same is told before it runs"
    run(database, "stamp", "four")
    assert "has stayed" not in client.get(f"/databases/{database.pk}/").content.decode()


def test_a_failure_that_left_nothing_can_be_planned_again(client: Client, run: Run, database: Database, root: Path) -> None:
    run(database, "upgrade", "head")
    write_revision(root, "four", "three", "raise ValueError('no such luck')")
    assert "Plan it again" in page(client, run(database, "upgrade", "head"))


def test_an_unknown_outcome_calls_no_step_done(client: Client, running: Job) -> None:
    running.steps.update(status="succeeded", started_at=datetime.now(UTC))
    Job.objects.filter(pk=running.pk).update(status=JobStatus.UNKNOWN, database_state="unknown")
    shown = page(client, running)
    assert "Waits until the database can be read" in shown
    assert "what stayed is not known yet" in shown
    assert "3 of 3 done" not in shown


def test_the_jobs_page_tells_who_runs_jobs(client: Client) -> None:
    shown = client.get("/jobs/").content.decode()
    assert "0 workers" in shown
    assert "never swept" in shown
