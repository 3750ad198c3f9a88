"""What home asks a person to look at, and the one word of a database: they say the same, and the same as the database's own page."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from dashboard.attention import attention_of
from dashboard.pipeline_survey import survey
from environments.models import Database
from jobs import services
from jobs.models import Job, JobStatus
from tests.dashboard.test_job_page import BLOCKED

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., Job]


@pytest.fixture
def running(admin: User, database: Database) -> Job:
    job = services.request_job(database, user=admin, command="upgrade", revision="head")
    Job.objects.filter(pk=job.pk).update(status=JobStatus.RUNNING, started_at=datetime.now(UTC), heartbeat_at=datetime.now(UTC), fence=1)
    job.refresh_from_db()
    return job


def home(client: Client) -> str:
    return " ".join(client.get("/").content.decode().split())


def asked(page: str) -> str:
    """The rows that ask for attention."""
    found = re.search(r'class="panel attn".*?</section>', page)
    return found.group() if found else ""


def version(client: Client) -> str:
    return re.search(r"v=(\w+)", client.get("/partials/pipeline").content.decode())[1]


def test_a_running_job_asks_for_nobody(client: Client, running: Job) -> None:
    assert "dev: Running" in home(client)
    assert asked(home(client)) == ""


def test_a_blocked_job_says_who_is_in_the_way_and_leads_there(client: Client, running: Job) -> None:
    before = version(client)
    Job.objects.filter(pk=running.pk).update(blocked_by=BLOCKED)
    page = home(client)
    assert "dev: Blocked" in page
    assert "held by &lt;b&gt;billing (session 9914" in asked(page)
    assert re.search(rf'href="/jobs/{running.pk}/"[^>]*>See blocker', asked(page))
    seen = version(client)
    assert seen != before
    Job.objects.filter(pk=running.pk).update(blocked_by=BLOCKED | {"seen_at": "2026-01-01T00:00:10+00:00"})
    assert version(client) == seen, "looked at again, and the same"


def test_an_unknown_outcome_is_not_called_running(client: Client, running: Job) -> None:
    Job.objects.filter(pk=running.pk).update(status=JobStatus.UNKNOWN)
    page = home(client)
    assert "dev: Unknown outcome" in page
    assert re.search(rf'href="/jobs/{running.pk}/"[^>]*>Open job {running.pk}', asked(page))


def test_a_part_that_has_stayed_is_said_though_the_version_is_that_of_the_head(client: Client, run: Run, database: Database) -> None:
    """A downgrade that fails in its first step, where each statement is committed at once, leaves the version where it was."""
    run(database, "upgrade", "head")
    down = run(database, "downgrade", "two")
    database.refresh_from_db()
    Job.objects.filter(pk=down.pk).update(
        status=JobStatus.FAILED, database_state="partial", heads_after=["three"], error={"title": "It failed"}
    )
    Database.objects.filter(pk=database.pk).update(current=["three"], state="up_to_date", pending=[], pending_count=0)
    page = home(client)
    assert "dev: Partial" in page
    assert f"Job {down.pk}: It failed." in asked(page)
    Job.objects.filter(pk=down.pk).update(error={"title": "shop/dev: it failed"})
    assert f"Job {down.pk}: it failed." in asked(home(client)), "the row has named the database"
    assert "Partial" in client.get(f"/databases/{database.pk}/").content.decode()
    again = run_as_failed_unchanged(run, database)
    assert "dev: Partial" in home(client), f"job {again.pk} has changed nothing"


def run_as_failed_unchanged(run: Run, database: Database) -> Job:
    job = run(database, "downgrade", "-1")
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED, database_state="unchanged", error={"title": "It did not start"})
    Database.objects.filter(pk=database.pk).update(current=["three"], state="up_to_date", pending=[], pending_count=0)
    return job


def test_a_part_that_somebody_has_mended_by_hand_is_no_trouble(client: Client, run: Run, database: Database) -> None:
    job = run(database, "upgrade", "two")
    Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED, database_state="partial", heads_after=["one"], error={"title": "No"})
    page = home(client)
    assert "dev: Partial" not in page
    assert "1 pending" in page


@pytest.mark.parametrize(
    ("fields", "act"),
    [
        ({"state": "unreachable", "error": "The connection was refused."}, "What to do"),
        ({"state": "ahead", "current": ["x"]}, "What to do"),
        ({"state": "up_to_date", "differences": 3}, "Compare"),
    ],
)
def test_the_button_says_where_it_leads(client: Client, database: Database, fields: dict[str, Any], act: str) -> None:
    Database.objects.filter(pk=database.pk).update(**fields)
    assert re.search(rf'href="/(databases|projects/shop)/[^"]*"[^>]*>{act}<', asked(home(client)))


def test_each_row_is_a_whole_sentence(client: Client, database: Database) -> None:
    Database.objects.filter(pk=database.pk).update(state="ahead", current=["x"])
    assert "It is at x, which the code no longer reaches.</p>" in asked(home(client))


def test_what_came_to_rest_since_it_was_chosen_asks_for_no_attention(admin: User, database: Database) -> None:
    Database.objects.filter(pk=database.pk).update(state="ahead", current=["x"])
    found = survey(admin)
    database.refresh_from_db()
    assert attention_of(database, found)
    database.state = "uninitialised"
    assert attention_of(database, found) is None
