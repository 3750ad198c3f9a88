"""The page of the record: filters, pages by number, what an entry opens to, verification and export."""

import csv
import io
import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Role, User
from audit import protection
from audit.models import AuditEntry
from audit.services import record
from dashboard.views.audit import PAGE
from environments.models import Environment

pytestmark = pytest.mark.django_db


def shown(client: Client, query: str = "") -> list[int]:
    """The numbers of the entries on the page, as they stand on it."""
    page = client.get(f"/audit/{query}")
    assert page.status_code == 200
    return [row.entry.seq for row in page.context["rows"]]


@pytest.fixture
def many(client: Client) -> list[int]:
    """Numbers of 3 pages of entries, newest first."""
    for number in range(PAGE * 2 + 7 - AuditEntry.objects.count()):
        record("ada", "test.entry", f"thing {number}")
    return list(AuditEntry.objects.order_by("-seq").values_list("seq", flat=True))


def test_pages_follow_each_other_by_number_both_ways(client: Client, many: list[int]) -> None:
    first = shown(client)
    second = shown(client, f"?before={first[-1]}")
    third = shown(client, f"?before={second[-1]}")
    assert first + second + third == many
    assert shown(client, f"?after={third[0]}") == second
    assert shown(client, f"?after={second[0]}") == first


def test_page_takes_the_same_queries_wherever_it_is(client: Client, many: list[int]) -> None:
    counts = []
    for query in ("", f"?before={many[PAGE]}", "?actor=ada&way=command"):
        with CaptureQueriesContext(
            connection,
        ) as found:
            client.get(f"/audit/{query}")
        counts.append(len(found))
    assert len(set(counts)) == 1


FILTERS = {
    "actor=bob": "job.cancel",
    "action=job.cancel": "job.cancel",
    "action=job.": "job.cancel",
    "object=job 77": "job.cancel",
    "object=needless": "job.cancel",
    "environment=stage": "job.cancel",
    "from=2100-01-01": None,
    "to=1999-12-31": None,
    "way=api": None,
    "period=24h&actor=bob": "job.cancel",
}


@pytest.mark.parametrize("query", FILTERS)
def test_filter_leaves_what_it_names(client: Client, query: str) -> None:
    record("ada", "test.entry", "thing")
    entry = record("bob", "job.cancel", "job 77", reason="Needless by now", database="shop/stage")
    assert shown(client, f"?{query}") == ([entry.seq] if FILTERS[query] else [])


def test_entry_opens_to_before_and_after_address_and_hash(client: Client) -> None:
    entry = record("ada", "policy.update", "policy prod", changes={"approvals": [2, 1], "window": [None, "22:00"]}, reason="Night shift")
    page = client.get("/audit/").content.decode()
    for text in ('<td class="fr"><code>2</code></td><td class="to"><code>1</code></td>', '<tr class="add">', "Night shift", entry.hash):
        assert text in page


def test_links_lead_to_job_and_database(client: Client, database, run) -> None:
    job = run(database, "upgrade", "one")
    page = client.get("/audit/").content.decode()
    assert f'href="/jobs/{job.pk}/"' in page
    assert f'href="/databases/{database.pk}/"' in page


def test_verify_now_says_how_far_and_keeps_it(client: Client) -> None:
    record("ada", "test.entry", "thing")
    assert "Not verified yet" in client.get("/audit/").content.decode()
    assert client.post("/audit/verification/").status_code == 302
    last = AuditEntry.objects.count()
    assert f"Verified to #{last}" in client.get("/audit/").content.decode()


def test_broken_chain_is_named_on_the_page(client: Client) -> None:
    entry = record("ada", "test.entry", "thing")
    with protection.removed():
        AuditEntry.objects.filter(pk=entry.pk).update(actor="eve")
    client.post("/audit/verification/")
    page = client.get("/audit/").content.decode()
    assert f"Broken at #{entry.seq}" in page
    assert "was changed" in page


def test_export_has_the_filters_of_the_page_and_leaves_an_entry(client: Client) -> None:
    record("bob", "job.cancel", "job 77", reason="=cmd|' /C calc'!A0")
    record("ada", "test.entry", "thing")
    text = b"".join(client.get("/audit/export?format=csv&actor=bob").streaming_content).decode()
    found = list(csv.DictReader(io.StringIO(text)))
    assert [row["actor"] for row in found] == ["bob"]
    last = AuditEntry.objects.order_by("-seq")[0]
    assert (last.actor, last.action, last.detail["filters"], last.via["way"]) == ("ada", "audit.export", {"actor": "bob"}, "web")


def test_export_of_lines_holds_every_entry(client: Client) -> None:
    record("bob", "job.cancel", "job 77")
    text = b"".join(client.get("/audit/export?format=jsonl").streaming_content).decode()
    assert [json.loads(line)["seq"] for line in text.splitlines()] == list(AuditEntry.objects.order_by("seq").values_list("seq", flat=True))


@pytest.mark.parametrize("path", ["/audit/export?format=exe", "/audit/export?format=%00"])
def test_unknown_format_is_refused_and_leaves_no_entry(client: Client, path: str) -> None:
    before = AuditEntry.objects.count()
    assert client.get(path).status_code == 422
    assert AuditEntry.objects.count() == before


NONSENSE = [  # each of them a query
    "?before=-1",
    "?before=x",
    "?after=" + "9" * 30,
    "?from=never&to=%00",
    "?to=9999-12-31",
    "?from=0001-01-01",
    "?period=aeon",
    "?way=x",
]


@pytest.mark.parametrize("query", NONSENSE)
def test_query_that_makes_no_sense_is_no_filter_or_finds_nothing(client: Client, query: str) -> None:
    assert client.get(f"/audit/{query}").status_code in (200, 422)


def test_entries_of_an_environment_are_its_own(client: Client, dev: Environment, database) -> None:
    told = {entry.object for entry in AuditEntry.objects.filter(seq__in=shown(client, "?environment=dev"))}
    assert told == {"environment dev", "database shop/dev"}


PLACES = {
    ("database shop/stage", None): True,
    ("database shop/stage/eu", None): True,
    ("job 1", "shop/stage/eu"): True,
    ("policy stage", None): True,
    ("policy stage/shop", None): True,
    ("environment stage", None): True,
    ("database shop/dev/stage", None): False,
    ("job 2", "stage/dev"): False,
    ("policy dev/stage", None): False,
    ("database shop/backstage", None): False,
    ("project stage", None): False,
}


def test_environment_is_recognised_where_it_stands(client: Client) -> None:
    wanted = []
    for (object, database), within in PLACES.items():
        entry = record("ada", "test.entry", object, **({"database": database} if database else {}))
        wanted += [entry.seq] if within else []
    assert shown(client, "?environment=stage&action=test.entry") == wanted[::-1]


def test_grant_in_one_project_does_not_open_the_whole_record(client: Client) -> None:
    """The record is of everything, so it is read by who may read everything."""
    operator = User.objects.create_user("olga", password="correct horse", role=Role.OPERATOR)
    stranger = Client()
    stranger.force_login(operator)
    assert stranger.get("/audit/").status_code == 403


def test_change_told_as_before_and_after_is_shown_as_one(client: Client) -> None:
    record(
        "ada", "policy.change", "policy prod", before={"approvals": 2, "window": ""}, after={"approvals": 1, "window": ""}, kind="policy"
    )
    row = client.get("/audit/").context["rows"][0]
    assert row.changes == [("chg", "approvals", 2, 1)]
    assert row.facts == [("kind", "policy")]
