"""The pages of what checks found, of ignored differences, and what of a proposal is ignored."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from environments.models import Database, Environment
from jobs.drift import ignoring
from jobs.models import Job
from migrations_store.models import IgnoredDifference
from tests.api.conftest import Api, token_of
from tests.jobs.conftest import rita
from tests.jobs.test_drift import ENTRY, compared
from tests.support.proposals import proposed
from tests.support.sessions import signed_in

__all__ = ["compared", "rita"]
NEW = "/projects/shop/drift/ignored/new"
QUERY = "?kind=table&what=added&schema=&table=t_new&name="
FORM = {"reason": "made by the queue", "where": "", "until": f"{timezone.now() + timedelta(days=30):%Y-%m-%d}"}


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_drift_shows_each_database_and_each_difference_once(
    client: Client, database: Database, add_database: Callable[..., Database], compared: Callable[[Database], Job]
) -> None:
    compared(database)
    compared(add_database(name="eu"))
    add_database(name="us")
    page = text_of(client.get("/projects/shop/drift/"))
    assert [page.count(word) for word in ("Differs</span>", "Never checked</span>", ENTRY["text"])] == [2, 1, 1]
    assert f"{NEW}?{QUERY[1:].replace('&', '&amp;')}" in page, "one in several databases is ignored in all of them unless told otherwise"


def test_check_everywhere_names_what_is_left_out(client: Client, database: Database, add_database: Callable[..., Database]) -> None:
    Database.objects.filter(pk=add_database(name="gone").pk).update(state="unreachable", error="It does not answer.")
    page = text_of(client.post("/projects/shop/drift/"))
    assert "1 check was asked for. 1 of the databases was left out" in page
    assert "<b>shop/dev/gone</b>: shop/dev/gone cannot be read, so there is no plan: It does not answer." in page
    assert [(job.command, job.database) for job in Job.objects.all()] == [("check", database)]


def test_difference_is_ignored_by_its_form_and_shown_folded(
    client: Client, database: Database, compared: Callable[[Database], Job]
) -> None:
    job = compared(database)
    assert f"{NEW}?database={database.pk}&amp;{QUERY[1:].replace('&', '&amp;')}" in text_of(client.get(f"/jobs/{job.pk}/"))
    form = text_of(client.get(f"{NEW}{QUERY}&database={database.pk}"))
    assert "def include_object" in form
    assert f'<option value="database:{database.pk}" selected>' in form
    assert client.post(NEW + QUERY, FORM).status_code == 302
    assert "1 ignored difference<" in text_of(client.get(f"/jobs/{job.pk}/"))
    drift, rules = (text_of(client.get(f"/projects/shop/drift/{path}")) for path in ("", "ignored/"))
    assert ["In step</span>" in drift, "1 ignored" in drift, "made by the queue" in rules, "In force</span>" in rules] == [True] * 4
    rule = IgnoredDifference.objects.get()
    client.post(f"/projects/shop/drift/ignored/{rule.pk}/decision", {"decision": "take_back"})
    assert "Differs</span>" in text_of(client.get("/projects/shop/drift/"))


@pytest.mark.parametrize(
    ("query", "changed"),
    [
        (QUERY, {"until": "2020-01-01"}),
        (QUERY, {"until": "9999-12-31"}),
        (QUERY, {"where": "database:none"}),
        (QUERY, {"reason": ""}),
        (QUERY.replace("kind=table", "kind=nonsense"), {}),
        ("", {}),
        ("", {"pattern": "*"}),
    ],
)
def test_form_that_makes_no_sense_is_refused(client: Client, database: Database, query: str, changed: dict[str, str]) -> None:
    assert client.post(NEW + query, FORM | changed).status_code == 422
    assert not IgnoredDifference.objects.exists()


def test_rule_waits_for_a_second_person_where_it_is_protected(
    client: Client, database: Database, add_environment: Callable[..., Environment], add_database: Callable[..., Database], rita: User
) -> None:
    add_database(add_environment("prod", 2, protected=True))
    client.post(NEW + QUERY, FORM)
    rule = IgnoredDifference.objects.get()
    address = f"/projects/shop/drift/ignored/{rule.pk}/decision"
    assert "Waits for a second person</span>" in text_of(client.get("/projects/shop/drift/ignored/"))
    assert client.post(address, {"decision": "approve"}).status_code == 403
    second = signed_in(rita)
    assert 'value="approve"' in text_of(second.get("/projects/shop/drift/ignored/"))
    assert second.post(address, {"decision": "approve", "comment": "yes"}).status_code == 302
    assert "In force</span>" in text_of(client.get("/projects/shop/drift/ignored/"))


def test_ignored_difference_of_a_proposal_is_told_and_its_file_stays(client: Client, database: Database, admin: User) -> None:
    proposal = proposed(database, user=admin)
    before = proposal.versions.get()
    ignoring.ignore(database.project, user=admin, reason="noise", kind="column", what="added", table="users", name="fax")
    page = text_of(client.get(f"/proposals/{proposal.pk}/"))
    assert "1 ignored difference: still in the file, its SQL and its findings" in page
    assert proposal.versions.get().files == before.files
    ignoring.ignore(database.project, user=admin, reason="noise", pattern="users")
    assert "All of it is ignored" in text_of(client.get(f"/proposals/{proposal.pk}/"))


def test_hostile_names_stay_text(client: Client, database: Database, admin: User) -> None:
    ignoring.ignore(database.project, user=admin, reason="<script>1</script>", kind="table", what="removed", table="<img src=x>")
    page = text_of(client.get("/projects/shop/drift/ignored/"))
    assert ["<img src=x>" in page, "<script>1" in page, "&lt;img src=x&gt;" in page] == [False, False, True]


@pytest.fixture
def up_to_date(database: Database, compared: Callable[[Database], Job]) -> Database:
    """With one difference."""
    compared(database)
    Database.objects.filter(pk=database.pk).update(state="up_to_date", current=["three"])
    return database


def test_all_projects_are_on_one_page_those_that_differ_first(
    client: Client, up_to_date: Database, add_database: Callable[..., Database]
) -> None:
    add_database(name="a")
    page = text_of(client.get("/drift/"))
    assert page.index("Differs</span>") < page.index("Never checked</span>")
    assert 'href="/projects/shop/drift/"' in page
    assert ">dev a</a>" in page, "named as in the other lists, and in one piece"
    only = text_of(client.get("/drift/?show=differing"))
    assert [only.count("Differs</span>"), only.count("Never checked</span>")] == [1, 0]
    assert "1 database differs</span>" in only, "so says the navigation"
    Database.objects.update(differences=0)
    assert "No database is known to differ" in text_of(client.get("/drift/?show=differing"))


def test_pipeline_shows_drift_in_its_cell_among_what_needs_attention_and_as_a_filter(client: Client, up_to_date: Database) -> None:
    page = text_of(client.get("/"))
    assert "1 difference from the models." in page
    assert 'href="/projects/shop/drift/">Compare' in page
    assert "dev: Drift" in page
    assert "No project matches" not in text_of(client.get("/?state=failed,drift"))
    assert "No project matches" in text_of(client.get("/?state=failed"))


def test_page_of_all_asks_as_often_for_many_as_for_few(
    client: Client, database: Database, add_database: Callable[..., Database], compared: Callable[[Database], Job],
    django_assert_num_queries: Any,
) -> None:  # fmt: skip
    compared(database)
    client.get("/drift/")
    with CaptureQueriesContext(connection) as few:
        client.get("/drift/")
    for number in range(5):
        compared(add_database(name=f"d{number}"))
    with django_assert_num_queries(len(few)):
        client.get("/drift/")


def test_api_tells_and_filters_by_differences(admin: User, up_to_date: Database, add_database: Callable[..., Database]) -> None:
    add_database(name="a")
    api = Api(token_of(admin))
    found = api.get("/databases?differing=true")
    assert [(one["id"], one["differences"]) for one in found["items"]] == [(str(up_to_date.pk), 1)]
    assert api.get("/databases?differing=false")["count"] == 1
