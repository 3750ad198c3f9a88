"""The form, the plan, and running it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from environments.models import Database, Environment, Policy
from jobs.models import Job, JobStatus, Plan
from jobs.plans import make_plan
from tests.jobs.conftest import table, write_revision

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., Job]


def ask(client: Client, database: Database, **body: str) -> Any:
    return client.post(f"/databases/{database.pk}/plans/new", body)


def plan_of(client: Client, database: Database, command: str = "upgrade", revision: str = "heads") -> Plan:
    ask(client, database, command=command, revision=revision)
    return Plan.objects.latest("id")


def form_of(client: Client, plan: Plan, query: str = "") -> dict[str, str]:
    """The hidden fields as the page renders them."""
    shown = client.get(f"/plans/{plan.pk}/{query}").content.decode()
    form = shown[shown.index('id="run"') :]
    return {
        name: found.group(1) for name in ("digest", "key", "from", "to") if (found := re.search(f'name="{name}" value="([^"]+)"', form))
    }


def test_the_form_offers_explicit_targets(client: Client, run: Run, database: Database) -> None:
    run(database, "upgrade", "two")
    upgrade = client.get(f"/databases/{database.pk}/plans/new?command=upgrade").content.decode()
    downgrade = client.get(f"/databases/{database.pk}/plans/new?command=downgrade").content.decode()
    assert 'value="three"' in upgrade
    assert "Everything: 1 pending" in upgrade
    assert 'value="one"' in downgrade
    assert 'value="base"' in downgrade
    assert 'value="three"' not in downgrade


def test_the_form_says_nothing_of_a_database_that_was_never_read(client: Client, database: Database) -> None:
    Database.objects.filter(pk=database.pk).update(server="", state="unchecked", current=[], pending=[], pending_count=0)
    shown = client.get(f"/databases/{database.pk}/plans/new?command=upgrade").content.decode()
    assert "Every head of the code: three" in shown
    assert "never read yet" in shown
    assert "It is at" not in shown


def test_posting_the_form_leads_to_the_plan(client: Client, database: Database) -> None:
    answer = ask(client, database, command="upgrade", revision="heads")
    plan = Plan.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/plans/{plan.pk}/")
    shown = client.get(answer["Location"]).content.decode()
    assert "Run 3 on dev" in shown
    assert shown.partition("</main>")[0].count("btn primary") == 1
    assert "SQL is being generated" in shown
    Environment.objects.update(name="Playground")
    shown = client.get(answer["Location"]).content.decode()
    assert "Run 3 on dev" in shown
    assert "What the policy of dev says" in shown, "one name for a place, that of its addresses"


def test_a_gate_that_asks_for_another_environment_leads_there(
    client: Client, database: Database, add_environment: Callable[..., Environment], add_database: Callable[..., Database]
) -> None:
    prod = add_database(add_environment("prod", 3))
    Policy.objects.create(environment=prod.environment, require_previous=True)
    shown = client.get(ask(client, prod, command="upgrade", revision="heads")["Location"]).content.decode()
    assert f'<a href="/databases/{database.pk}/">Go to shop/dev</a>' in shown


@pytest.mark.parametrize("revision", ["nonsense", "head^", "'; drop table", "", "a" * 300])
def test_a_target_that_is_none_is_answered_with_a_sentence(client: Client, database: Database, revision: str) -> None:
    answer = ask(client, database, command="upgrade", other=revision)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


def test_a_command_that_is_none_is_answered_with_a_sentence(client: Client, database: Database) -> None:
    assert ask(client, database, command="drop", revision="head").status_code == 422


def test_the_preview_asks_until_it_is_there(client: Client, database: Database) -> None:
    plan = plan_of(client, database)
    assert client.get(f"/plans/{plan.pk}/preview/?seen=asked").status_code == 204
    plan.preview = {"one": {"sql": "CREATE TABLE t_one (id INTEGER);", "sql_unavailable": None}}
    plan.preview_state = "ready"
    plan.save()
    shown = client.get(f"/plans/{plan.pk}/preview/?seen=asked").content.decode()
    assert '<span class="k">CREATE</span>' in shown
    assert 'hx-trigger="every' not in shown


def test_running_the_plan_makes_one_job_however_often_it_is_sent(client: Client, database: Database) -> None:
    plan = plan_of(client, database)
    form = form_of(client, plan)
    first, second = (client.post(f"/plans/{plan.pk}/jobs/", form) for _ in range(2))
    assert first.status_code == 302
    assert first["Location"] == second["Location"] == f"/jobs/{Job.objects.get().pk}/"


def test_a_stale_plan_is_refused_and_can_be_built_again(client: Client, run: Run, database: Database) -> None:
    plan = plan_of(client, database)
    form = form_of(client, plan)
    run(database, "upgrade", "one")
    answer = client.post(f"/plans/{plan.pk}/jobs/", form)
    assert answer.status_code == 409
    assert "no longer true" in answer.content.decode()
    assert Job.objects.count() == 1


def test_changed_code_makes_the_plan_stale(client: Client, database: Database, root: Path) -> None:
    plan = plan_of(client, database)
    form = form_of(client, plan)
    write_revision(root, "two", "one", *table("t_other"))
    assert client.post(f"/plans/{plan.pk}/jobs/", form).status_code == 409


def test_a_form_without_digest_runs_nothing(client: Client, database: Database) -> None:
    plan = plan_of(client, database)
    assert client.post(f"/plans/{plan.pk}/jobs/", {}).status_code == 422
    assert not Job.objects.exists()


@pytest.fixture
def prod(add_environment: Callable[..., Environment], add_database: Callable[..., Database]) -> Database:
    return add_database(add_environment("prod", 3, protected=True))


def test_a_protected_upgrade_asks_for_approval(client: Client, prod: Database) -> None:
    plan = plan_of(client, prod)
    assert "Request approval" in client.get(f"/plans/{plan.pk}/").content.decode()
    client.post(f"/plans/{plan.pk}/jobs/", form_of(client, plan))
    assert Job.objects.get().status == JobStatus.AWAITING_APPROVAL


@pytest.mark.parametrize(("typed", "reason"), [("", "why"), ("prd", "why"), ("prod", ""), ("зкщв", "why"), ("PROD", "why")])
def test_a_destructive_command_on_protected_needs_name_and_reason(client: Client, prod: Database, typed: str, reason: str) -> None:
    plan = plan_of(client, prod, "stamp", "three")
    answer = client.post(f"/plans/{plan.pk}/jobs/", form_of(client, plan) | {"typed": typed, "reason": reason})
    assert answer.status_code == 422
    assert ("Keyboard layout looks Russian. Type prod." in answer.content.decode()) == (typed == "зкщв")
    assert not Job.objects.exists()


def test_a_destructive_command_runs_once_it_is_confirmed(client: Client, prod: Database) -> None:
    plan = plan_of(client, prod, "stamp", "three")
    answer = client.post(f"/plans/{plan.pk}/jobs/", form_of(client, plan) | {"typed": "prod", "reason": "restored from backup"})
    assert answer.status_code == 302
    assert Job.objects.get().reason == "restored from backup"


def test_promotion_leads_to_a_plan_and_keeps_its_name(
    client: Client, run: Run, database: Database, add_environment: Any, add_database: Any
) -> None:
    run(database, "upgrade", "two")
    add_database(add_environment("test", 2))
    answer = client.get("/projects/shop/promotions/new?from=dev&to=test")
    plan = Plan.objects.latest("id")
    assert answer["Location"] == f"/plans/{plan.pk}/?from=dev&to=test"
    client.post(f"/plans/{plan.pk}/jobs/", form_of(client, plan, "?from=dev&to=test"))
    job = Job.objects.latest("id")
    assert job.promotion is not None
    assert job.promotion.source.slug == "dev"


def test_a_promotion_of_nothing_says_why(client: Client, database: Database, add_environment: Any, add_database: Any) -> None:
    add_database(add_environment("test", 2))
    answer = client.get("/projects/shop/promotions/new?from=dev&to=test")
    assert answer.status_code == 422
    assert "no revision to promote" in answer.content.decode()


def test_a_viewer_sees_plans_and_cannot_run_them(viewer_client: Client, admin: User, database: Database) -> None:
    plan = make_plan(database, user=admin, command="upgrade", revision="head")
    shown = viewer_client.get(f"/plans/{plan.pk}/").content.decode()
    assert "aria-disabled" in shown
    answer = viewer_client.post(f"/plans/{plan.pk}/jobs/", {"digest": plan.digest})
    assert answer.status_code == 403


def test_downgrades_show_their_quality(client: Client, run: Run, database: Database, root: Path) -> None:
    write_revision(root, "four", "three", "op.execute('select 1')", "raise NotImplementedError")
    run(database, "upgrade", "head")
    plan = plan_of(client, database, "downgrade", "three")
    assert "Downgrade refuses" in client.get(f"/plans/{plan.pk}/").content.decode()
