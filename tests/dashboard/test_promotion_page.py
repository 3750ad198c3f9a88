"""Promotions, reviews and what the plan's page offers: chains, several at once, times, break-glass, and the reader's word on a job."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from environments.models import Database, Environment, Policy
from environments.services import check_database_now
from jobs import execution, services
from jobs.models import Approval, Job, JobStatus, Plan, Promotion
from jobs.promotions import promote
from tests.environments.conftest import write_version
from tests.jobs.conftest import write_revision
from tests.support.sessions import signed_in

pytestmark = pytest.mark.django_db(transaction=True)
AddDatabase = Callable[..., Database]


@pytest.fixture
def databases(database: Database, add_database: AddDatabase, add_environment: Any) -> dict[str, Database]:
    """dev is at two; test and prod have nothing; prod asks for an approval."""
    write_version(Path(database.database), "two")
    check_database_now(database)
    database.refresh_from_db()
    test, prod = add_environment("test", 2), add_environment("prod", 3, protected=True)
    return {"dev": database, "test": add_database(test), "prod": add_database(prod)}


def person(name: str, role: str) -> Client:
    return signed_in(User.objects.create_user(name, password="correct horse", role=role))


def planned(client: Client, query: str) -> tuple[str, dict[str, Any]]:
    """The plan's address with its question, and the hidden fields of its form."""
    address = client.get(f"/projects/shop/promotions/new?{query}")["Location"]
    text = client.get(address).content.decode()
    form = text[text.index('id="run"') :]
    form = form[: form.index("</form>")]
    found: dict[str, Any] = {}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(value)
    return address, found


def run(client: Client, address: str, form: dict[str, Any], **more: Any) -> Any:
    return client.post(f"{address.split('?', maxsplit=1)[0]}jobs/", form | more)


# --- asking


def test_chain_is_offered_and_leads_to_its_page(client: Client, databases: dict[str, Database]) -> None:
    address, _ = planned(client, "from=dev&to=test")
    assert "from=dev&amp;to=prod&amp;through=test" in client.get(address).content.decode()
    address, form = planned(client, "from=dev&to=prod&through=test")
    answer = run(client, address, form, run_when_approved="yes", when="now", reason="release")
    promotion = Promotion.objects.get()
    assert answer["Location"] == f"/promotions/{promotion.pk}/"
    assert (promotion.run_when_approved, promotion.reason, promotion.stages.count()) == (True, "release", 2)
    shown = client.get(answer["Location"]).content.decode()
    assert "Waits for the stage before" in shown
    assert f'hx-get="/promotions/{promotion.pk}/status/"' in shown
    assert "waits for the stage before" in client.get("/promotions/").content.decode()


def test_promotion_can_stop_earlier(client: Client, databases: dict[str, Database]) -> None:
    address, form = planned(client, "from=dev&to=test&upto=one")
    assert run(client, address, form).status_code == 302
    assert Promotion.objects.get().goal == ["one"]


@pytest.mark.parametrize(
    ("zone", "typed", "stored"),
    [
        ("Europe/Berlin", "2026-12-24T22:00", datetime(2026, 12, 24, 21, 0, tzinfo=UTC)),
        ("Asia/Kolkata", "2026-12-24T22:00", datetime(2026, 12, 24, 16, 30, tzinfo=UTC)),
        ("Europe/Berlin", "2027-03-28T02:30", "does not exist in Europe/Berlin"),
        ("Europe/Berlin", "2020-01-01T10:00", "The time has passed"),
        ("Europe/Berlin", "soon", "That is no time"),
        ("Europe/Berlin", "", "That is no time"),
    ],
)
def test_time_is_typed_in_the_readers_zone(
    client: Client, admin: User, databases: dict[str, Database], zone: str, typed: str, stored: Any, monkeypatch: Any
) -> None:
    User.objects.filter(pk=admin.pk).update(time_zone=zone)
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
    address, form = planned(client, "from=dev&to=test")
    answer = run(client, address, form, when="at", at=typed)
    if isinstance(stored, str):
        assert answer.status_code == 422
        assert stored in answer.content.decode()
        assert not Job.objects.exists()
    else:
        assert Job.objects.get().not_before == stored


@pytest.mark.parametrize("ticked", [True, False])
def test_box_that_was_offered_and_not_ticked_is_off(client: Client, databases: dict[str, Database], ticked: bool) -> None:
    address, form = planned(client, "from=dev&to=prod")
    run(client, address, form, when="now", **({"run_when_approved": "yes"} if ticked else {}))
    assert Job.objects.get().run_when_approved is ticked


@pytest.mark.parametrize("role", [Role.LEAD, Role.OPERATOR])
def test_break_glass_is_for_those_who_may_with_name_and_reason(databases: dict[str, Database], role: str) -> None:
    caller = person("lena", role)
    address, form = planned(caller, "from=dev&to=prod")
    assert ("Break glass" in caller.get(address).content.decode()) == (role == Role.LEAD)
    forced = form | {"break_glass": "yes", "reason": "The shop is down, nobody answers"}
    assert run(caller, address, forced, typed="").status_code == 422
    answer = run(caller, address, forced, typed="prod")
    assert answer.status_code == (302 if role == Role.LEAD else 403)
    assert list(Job.objects.values_list("status", "break_glass")) == ([(JobStatus.QUEUED, True)] if role == Role.LEAD else [])


def test_upgrade_that_loses_data_in_a_protected_environment_is_confirmed(
    client: Client, databases: dict[str, Database], root: Path
) -> None:
    write_revision(root, "two", "one", 'op.drop_table("t_one")')
    address, form = planned(client, "from=dev&to=prod")
    assert "Tick what may be lost" in client.get(address).content.decode()
    lost = re.findall(r'name="accepted" value="([^"]+)"', client.get(address).content.decode())[:1]
    assert run(client, address, form, typed="prod", reason="known").status_code == 422
    assert run(client, address, form, typed="prod", reason="known", accepted=lost).status_code == 302


def test_password_is_asked_again_before_a_job_on_a_protected_environment(admin: User, databases: dict[str, Database]) -> None:
    caller = signed_in(admin, fresh=False)
    address, form = planned(caller, "from=dev&to=prod")
    answer = run(caller, address, form)
    assert not Job.objects.exists()
    assert "password" in (answer.get("Location") or answer.content.decode()).lower()


# --- several at once


def test_several_are_planned_and_asked_for_at_once(client: Client, databases: dict[str, Database]) -> None:
    home = client.get("/").content.decode()
    keys = re.findall(r'form="several" name="move" value="([^"]+)"', home)
    assert keys == ["shop:dev:test", "shop:dev:prod"]
    shown = client.get("/promotions/new", {"move": keys}).content.decode()
    digests = dict(re.findall(r'name="(digest:[^"]+)" value="([^"]+)"', shown))
    answer = client.post("/promotions/", {"move": keys, "key": "k", "reason": "all of it"} | digests)
    assert Promotion.objects.count() == 2
    again = client.post("/promotions/", {"move": keys, "key": "k"} | digests)
    assert answer["Location"] == again["Location"]
    assert "2 promotions at once" in client.get(answer["Location"]).content.decode()


def test_plans_of_which_none_can_be_asked_for_lead_back(client: Client, databases: dict[str, Database]) -> None:
    shown = client.get("/promotions/new", {"move": "shop:test:prod"}).content.decode()
    assert "Left out" in shown
    assert "Promote what is ticked" not in shown
    assert "Go to the pipeline" in shown


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({}, "Nothing was chosen"),
        ({"move": "shop"}, "looks like project:from:to"),
        ({"move": "shop:dev:test"}, "names no plan"),
        ({"move": "shop:dev:test", "digest:shop:dev:test": "0" * 64}, "has changed since plan"),
        ({"move": "shop:dev:test", "digest:shop:dev:test": "0" * 64, "reason": "x" * 2001}, "longer than 2,000"),
    ],
)
def test_form_that_makes_no_sense_asks_for_nothing(
    client: Client, databases: dict[str, Database], data: dict[str, str], sentence: str
) -> None:
    answer = client.post("/promotions/", data)
    assert answer.status_code in (409, 422)
    assert sentence in answer.content.decode()
    assert not Promotion.objects.exists()


# --- reviews


@pytest.fixture
def asked(admin: User, databases: dict[str, Database]) -> Job:
    """A job on prod that waits for somebody else than ada."""
    dev, prod = databases["dev"], databases["prod"]
    return promote(dev.project, user=admin, source=dev.environment, target=prod.environment, reason="go live")[2]


def test_reviews_list_what_waits_for_the_reader(client: Client, asked: Job) -> None:
    rita = person("rita", Role.REVIEWER)
    shown = rita.get("/reviews/").content.decode()
    assert "“go live”" in shown
    assert "1 waits for your approval" in shown
    assert "asks you to approve: Upgrade to two" in rita.get("/").content.decode()
    own = client.get("/reviews/").content.decode()
    assert "Nothing waits for your approval" in own
    assert "Your own requests that wait for others" in own
    assert "Reviews" not in person("vera", Role.VIEWER).get("/").content.decode()


def test_policy_that_asks_for_a_lead_does_not_ask_a_reviewer(asked: Job) -> None:
    Policy.objects.filter(environment=asked.database.environment).update(approver_role=Role.LEAD)
    assert "Nothing waits for you" in person("rita", Role.REVIEWER).get("/reviews/").content.decode()
    assert "1 waits for your approval" in person("lena", Role.LEAD).get("/reviews/").content.decode()


def test_approval_is_given_and_taken_back_on_the_page(admin: User, databases: dict[str, Database]) -> None:
    Policy.objects.filter(environment=databases["prod"].environment).update(approvals=2)
    asked = services.request_job(databases["prod"], user=admin, command="upgrade", revision="two")
    rita = person("rita", Role.REVIEWER)
    answer = rita.post(f"/jobs/{asked.pk}/approvals/", {"decision": "approve", "comment": "fine", "back": "reviews"})
    assert answer["Location"] == "/reviews/"
    shown = rita.get(f"/jobs/{asked.pk}/").content.decode()
    assert "1 of 2 by a Reviewer" in shown
    assert "Take my approval back" in shown
    rita.post(f"/jobs/{asked.pk}/approvals/withdrawal/")
    assert Approval.objects.get().withdrawn_at is not None
    assert "Taken back" in rita.get(f"/jobs/{asked.pk}/").content.decode()


def test_job_that_was_not_to_run_by_itself_is_released(client: Client, asked: Job) -> None:
    Job.objects.filter(pk=asked.pk).update(run_when_approved=False)
    person("rita", Role.REVIEWER).post(f"/jobs/{asked.pk}/approvals/", {"decision": "approve"})
    assert "Run job" in client.get(f"/jobs/{asked.pk}/").content.decode()
    client.post(f"/jobs/{asked.pk}/release/")
    asked.refresh_from_db()
    assert asked.status == JobStatus.QUEUED


@pytest.mark.parametrize(
    ("role", "data", "status", "sentence"),
    [
        (Role.REVIEWER, {"decision": "reject"}, 422, "Say why it is rejected"),
        (Role.REVIEWER, {"decision": "perhaps"}, 422, "approve or reject"),
        (Role.REVIEWER, {"decision": "approve", "comment": "x" * 2001}, 422, "longer than 2,000"),
        (Role.OPERATOR, {"decision": "approve"}, 403, "needs"),
    ],
)
def test_decision_that_cannot_be_taken_is_answered_with_a_sentence(
    asked: Job, role: str, data: dict[str, str], status: int, sentence: str
) -> None:
    answer = person("someone", role).post(f"/jobs/{asked.pk}/approvals/", data)
    assert answer.status_code == status
    assert sentence in answer.content.decode()
    assert not Approval.objects.exists()


def test_nobody_decides_on_their_own_request(client: Client, asked: Job) -> None:
    shown = client.get(f"/jobs/{asked.pk}/").content.decode()
    assert "You asked for this job" in shown
    assert "Approve job" not in shown
    assert client.post(f"/jobs/{asked.pk}/approvals/", {"decision": "approve"}).status_code == 403


# --- the pipeline


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"status": "queued", "not_before": timedelta(hours=3)}, "Scheduled"),
        ({"status": "queued", "held": {"gate": "window", "detail": "The window opens Mon 22:00"}}, "Scheduled"),
        ({"status": "awaiting_approval"}, "Awaiting approval"),
    ],
)
def test_cell_says_what_a_job_waits_for(client: Client, asked: Job, change: dict[str, Any], word: str) -> None:
    fields = {name: timezone.now() + value if isinstance(value, timedelta) else value for name, value in change.items()}
    Job.objects.filter(pk=asked.pk).update(**fields)
    shown = client.get("/").content.decode()
    assert f"prod: {word}" in shown


def test_frozen_and_partial_are_said_in_words(client: Client, admin: User, databases: dict[str, Database]) -> None:
    Environment.objects.filter(slug="prod").update(freeze_reason="Christmas", frozen_by="ada")
    job = services.request_job(databases["test"], user=admin, command="upgrade", revision="two")
    Job.objects.filter(pk=job.pk).update(
        status=JobStatus.FAILED, database_state="partial", started_at=timezone.now(), finished_at=timezone.now(), error={"title": "No"}
    )
    shown = client.get("/").content.decode()
    assert "prod: Frozen" in shown
    assert "Christmas" in shown
    assert "test: Partial" in shown


def test_rollback_is_offered_as_before_a_job(client: Client, admin: User, databases: dict[str, Database]) -> None:
    job = services.request_job(databases["test"], user=admin, command="upgrade", revision="two")
    execution.execute(job.pk)
    form = f"/databases/{databases['test'].pk}/plans/new"
    assert f"As before job {job.pk}: base, undoes 2" in client.get(f"{form}?command=downgrade").content.decode()
    client.post(form, {"command": "downgrade", "revision": f"job:{job.pk}"})
    plan = Plan.objects.latest("pk")
    assert (plan.command, plan.to_heads) == ("downgrade", [])
    client.post(f"/plans/{plan.pk}/jobs/", {"digest": plan.digest})
    assert Promotion.objects.get().kind == Promotion.Kind.ROLLBACK
