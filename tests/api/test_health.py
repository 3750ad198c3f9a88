"""/healthz names the part that fails."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import InternalError, OperationalError
from django.db.models.functions import Now
from django.test import Client

from api import auth
from jobs import health
from jobs.models import Pulse, Worker

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _alive(db: None) -> None:
    Worker.objects.create(name="jobs@here", queues="jobs", seen_at=Now())
    health.beat(health.SWEEP)


def ask(client: Client) -> tuple[int, dict[str, Any]]:
    answer = client.get("/healthz")
    return answer.status_code, answer.json()


def test_all_is_well(client: Client) -> None:
    status, facts = ask(client)
    assert (status, facts["status"], facts["scheduler"], facts["workers"]) == (200, "ok", "ok", 1)
    assert facts["last_sweep_s"] < 60


@pytest.mark.parametrize(("age", "failing"), [(110, []), (130, ["scheduler"])])
def test_a_silent_scheduler_fails_after_two_minutes(client: Client, age: int, failing: list[str]) -> None:
    Pulse.objects.update(seen_at=Now() - timedelta(seconds=age))
    status, facts = ask(client)
    assert (status, facts.get("failing", [])) == (503 if failing else 200, failing)
    assert facts["last_sweep_s"] in (age, age + 1)


def test_no_worker_and_no_broker_are_named(client: Client, settings: Any, tmp_path: Any) -> None:
    Worker.objects.all().delete()
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    status, facts = ask(client)
    assert (status, facts["failing"]) == (503, ["broker", "workers"])


@pytest.mark.parametrize(
    "error", [OperationalError("database or disk is full"), InternalError("cannot execute INSERT in a read-only transaction")]
)
def test_a_store_that_is_away_is_named_by_the_api(monkeypatch: pytest.MonkeyPatch, client: Client, error: Exception) -> None:
    """Down, full or read-only: not a failure of which nobody knows what it means, and no word of the store's own in the answer."""

    def fail(token: str) -> None:
        raise error

    monkeypatch.setattr(auth, "authenticate_token", fail)
    answer = client.get("/api/v1/jobs", headers={"Authorization": "Bearer a-token"})
    assert (answer.status_code, answer.json()["code"]) == (503, "service_unavailable")
    assert answer.json()["detail"].startswith("The dashboard's own store does not answer, or takes no writes.")
    assert str(error) not in answer.content.decode()
