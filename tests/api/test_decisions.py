"""Approvals, their withdrawal, releases, schedules and break-glass as programs ask for them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from environments.models import Database, Environment, Policy
from tests.api.conftest import NOTHING, Api, problem_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def production(add_environment: Callable[..., Environment], add_database: Callable[..., Database]) -> str:
    return str(add_database(add_environment("prod", 2, protected=True)).pk)


@pytest.fixture
def reviewer(api_as: Callable[[str], Api]) -> Api:
    return api_as("reviewer")


def test_a_job_is_approved_withdrawn_and_approved_again(api: Api, reviewer: Api, production: str) -> None:
    job = api.post("/jobs", {"database": production, "command": "upgrade"})
    assert (job["status"], job["approvals"], job["blocked_by"]["kind"]) == ("awaiting_approval", [], "approval")
    found = reviewer.post(f"/jobs/{job['id']}/approvals", {"decision": "approve", "comment": "fine"})
    given = found["approvals"][0]
    assert (found["status"], given["user"], given["decision"], given["comment"]) == ("queued", "reviewer-1", "approve", "fine")
    assert (given["plan_digest"], given["withdrawn_at"]) == (job["plan_digest"], None)
    taken = reviewer.done(200, "DELETE", f"/jobs/{job['id']}/approvals")
    assert taken["status"] == "awaiting_approval"
    assert taken["approvals"][0]["withdrawn_at"]
    assert reviewer.post(f"/jobs/{job['id']}/approvals", {"decision": "approve"})["status"] == "queued"


def test_a_job_is_rejected_for_good(api: Api, reviewer: Api, production: str) -> None:
    job = api.post("/jobs", {"database": production, "command": "upgrade"})
    assert problem_of(reviewer.call("POST", f"/jobs/{job['id']}/approvals", {"decision": "reject"}))["errors"] == {
        "comment": "A reason is needed."
    }
    assert reviewer.post(f"/jobs/{job['id']}/approvals", {"decision": "reject", "comment": "not today"})["status"] == "rejected"
    assert problem_of(reviewer.call("POST", f"/jobs/{job['id']}/approvals", {"decision": "approve"}))["code"] == "not_decidable"


def test_nobody_decides_on_their_own_job(api: Api, production: str) -> None:
    job = api.post("/jobs", {"database": production, "command": "upgrade"})
    for decision in ("approve", "reject"):
        answer = api.call("POST", f"/jobs/{job['id']}/approvals", {"decision": decision, "comment": "mine"})
        assert problem_of(answer)["status"] == 403


def test_a_job_that_does_not_run_by_itself_is_released(api: Api, reviewer: Api, production: str) -> None:
    job = api.post("/jobs", {"database": production, "command": "upgrade", "run_when_approved": False})
    assert problem_of(api.call("POST", f"/jobs/{job['id']}/release"))["code"] == "not_decidable"
    approved = reviewer.post(f"/jobs/{job['id']}/approvals", {"decision": "approve"})
    assert (approved["status"], approved["blocked_by"]["kind"]) == ("awaiting_approval", "release")
    assert api.post(f"/jobs/{job['id']}/release", want=200)["status"] == "queued"


def test_a_job_at_a_time_says_until_when_it_waits(api: Api, database: Database) -> None:
    at = (timezone.now() + timedelta(hours=3)).replace(microsecond=0)
    job = api.post("/jobs", {"database": str(database.pk), "command": "upgrade", "not_before": at.isoformat()})
    assert (job["status"], job["not_before"], job["blocked_by"]["until"]) == ("queued", at.isoformat(), at.isoformat())


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"not_before": "2001-01-01T00:00:00Z"}, "invalid"),
        ({"not_before": "2031-01-01T00:00:00"}, "invalid"),
        ({"not_before": "tomorrow"}, "invalid"),
        ({"in_window": True}, "invalid"),
        ({"break_glass": True, "reason": "now"}, "invalid"),
        ({"command": "downgrade", "revision": "base", "approvals": []}, "invalid"),
    ],
)
def test_a_way_to_run_that_is_none_is_refused(api: Api, production: str, asked: dict[str, Any], code: str) -> None:
    answer = api.call("POST", "/jobs", {"database": production, "command": "upgrade"} | asked)
    assert problem_of(answer)["code"] == code


def test_a_plan_tells_what_it_loses_and_whether_it_is_all_or_nothing(api: Api, database: Database) -> None:
    api.post("/jobs", {"database": str(database.pk), "command": "upgrade"})
    plan = api.post("/plans", {"database": str(database.pk), "command": "upgrade"})
    assert (plan["atomic"], plan["not_atomic_because"]) == (False, "SQLite commits each change of the schema as it is made")
    step = plan["steps"][0]
    assert (step["revision"], step["downgrade"], step["data_loss"], step["non_atomic"]) == ("one", "present", [], [])
    assert len(step["checksum"]) == 64
    assert [gate["name"] for gate in plan["gates"]] == ["reachable", "no other job"]


def test_what_the_policy_forbids_is_a_conflict(api: Api, production: str) -> None:
    Policy.objects.update(forbid_stamp=True)
    found = problem_of(api.call("POST", "/jobs", {"database": production, "command": "stamp"}))
    assert (found["status"], found["code"]) == (409, "gate_closed")
    assert api.call("GET", "/jobs", NOTHING).json()["count"] == 0  # type: ignore[attr-defined]
