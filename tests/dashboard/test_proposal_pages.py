"""Pages of proposals: what stands on them for whom, what is refused, and what they cost."""

from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Role, User
from environments.models import Database
from jobs.proposals import queries, reviewing
from migrations_store.models import Proposal, Review
from tests.support.proposals import OPERATIONS, PYTHON, add_version, column, proposed
from tests.support.sessions import signed_in

pytestmark = pytest.mark.django_db
FAX = "column:users.fax"
WIDER = PYTHON.replace("sa.String(40), nullable=True))\n    op.drop", "sa.String(60), nullable=True))\n    op.drop")


@pytest.fixture
def rita(db: None) -> User:
    return User.objects.create_user("rita", password="correct horse", role=Role.REVIEWER)


@pytest.fixture
def reader(rita: User) -> Client:
    return signed_in(rita)


@pytest.fixture
def proposal(database: Database, admin: User) -> Proposal:
    return proposed(database, user=admin)


def page(client: Client, proposal: Proposal, query: str = "") -> str:
    answer = client.get(reverse("proposal", args=[proposal.pk]) + query)
    assert answer.status_code == 200
    return answer.content.decode()


def post(client: Client, name: str, *arguments: Any, **data: Any) -> HttpResponse:
    return client.post(reverse(name, args=arguments), data)


def shown(proposal: Proposal) -> dict[str, Any]:
    """What the form of a page holds that is open now."""
    newest = reviewing.newest(proposal)
    return {"version": newest.number, "checksum": newest.checksum}


def test_structure_names_what_differs_what_is_lost_and_what_cannot_be_seen(reader: Client, proposal: Proposal) -> None:
    html = page(reader, proposal)
    for text in (
        "column fax",
        "VARCHAR(40) NULL",
        "This proposal can lose data",
        "The values of column users.phone are lost",
        "cannot see",
    ):
        assert text in html
    assert "{#" not in html


def test_red_flags_come_before_everything_else(reader: Client, database: Database, admin: User) -> None:
    flagged = proposed(database, user=admin, red_flags=["The models have no tables at all."])
    html = page(reader, flagged)
    assert html.index("The models have no tables at all.") < html.index('aria-label="Proposal"') < html.index("column fax")


def test_rows_of_the_table_stand_at_its_name(reader: Client, database: Database, admin: User) -> None:
    counted = proposed(database, user=admin, facts={"rows": {"users": {"count": 8214, "exact": True}}})
    assert "table with 2 changes, 8,214 rows" in page(reader, counted)


def test_guessed_rename_is_offered_to_those_who_may_make_proposals(database: Database, admin: User) -> None:
    operations = [column("drop_column", "phone"), column("add_column", "phone_number")]
    renamed = proposed(database, user=admin, operations=operations)
    viewer = signed_in(User.objects.create_user("vera", role=Role.VIEWER))
    assert "Looks like a rename: phone to phone_number?" in page(viewer, renamed)
    assert "Treat as rename" not in page(viewer, renamed)
    assert "Treat as rename" in page(signed_in(admin), renamed)
    answer = post(signed_in(admin), "proposal-rename", renamed.pk, key="column:users.phone", version=1)
    assert answer.status_code == 302
    renamed.refresh_from_db()
    assert (renamed.status, (renamed.draft or {})["origin"]) == ("queued", "renamed")


def test_sql_is_shown_and_given_raw_and_says_why_there_is_none(reader: Client, proposal: Proposal) -> None:
    assert "ALTER" in page(reader, proposal, "?tab=sql")
    assert "Not available, because it reads rows." in page(reader, proposal, "?tab=sql&dialect=sqlite&way=downgrade")
    raw = reader.get(reverse("proposal-sql", args=[proposal.pk]), {"dialect": "sqlite", "way": "upgrade"})
    assert (raw.content, raw["Content-Type"]) == (b"ALTER TABLE users ADD COLUMN fax\n", "text/plain; charset=utf-8")
    assert raw["Content-Disposition"] == f'attachment; filename="proposal-{proposal.pk}-v1-sqlite-upgrade.sql"'
    for wrong in ({"dialect": "oracle"}, {"dialect": "sqlite", "way": "sideways"}, {}):
        assert reader.get(reverse("proposal-sql", args=[proposal.pk]), wrong).status_code == 404


def test_threads_stand_at_their_places_in_every_version(reader: Client, proposal: Proposal, admin: User) -> None:
    post(reader, "proposal-threads", proposal.pk, kind="object", anchor=FAX, text="why nullable?", version=1)
    post(reader, "proposal-threads", proposal.pk, kind="line", anchor="0:10", text="why forty?", version=1, tab="python")
    thread = queries.threads(proposal)[0]
    post(signed_in(admin), "proposal-reply", proposal.pk, thread.pk, text="drafts have none")
    add_version(proposal, python=WIDER, operations=list(reversed(OPERATIONS)))
    html = page(reader, proposal)
    assert html.index("column fax") < html.index("why nullable?") < html.index("drafts have none")
    assert "why forty?" not in page(reader, proposal, "?tab=python"), "its line is gone"
    discussion = page(reader, proposal, "?tab=discussion")
    assert "no longer in version 2" in discussion
    assert "sa.String(40)" in discussion, "the line as it was"


def test_author_sees_no_way_to_approve_and_has_none(client: Client, proposal: Proposal, reader: Client) -> None:
    assert 'value="approve"' not in page(client, proposal)
    assert 'value="approve"' in page(reader, proposal)
    answer = post(client, "proposal-review", proposal.pk, decision="approve", **shown(proposal))
    assert (answer.status_code, Review.objects.count()) == (403, 0)
    assert b"Nobody reviews their own proposal" in answer.content


def test_review_of_an_older_version_is_answered_with_what_is_there_now(reader: Client, proposal: Proposal) -> None:
    """What was typed is not lost, and the link leads to what has changed."""
    seen = shown(proposal)
    add_version(proposal, python=WIDER)
    answer = post(reader, "proposal-review", proposal.pk, decision="approve", comment="all fine by me", tab="python", **seen)
    html = answer.content.decode()
    assert (answer.status_code, Review.objects.count()) == (409, 0)
    for text in ("The proposal is no longer the one you saw", "all fine by me", "?tab=versions&amp;a=1&amp;b=2", ">60<"):
        assert text in html
    assert post(reader, "proposal-review", proposal.pk, decision="approve", **shown(proposal)).status_code == 302


def test_approval_is_shown_as_stale_after_another_version(reader: Client, proposal: Proposal) -> None:
    assert post(reader, "proposal-review", proposal.pk, decision="approve", **shown(proposal)).status_code == 302
    assert ">Approved<" in page(reader, proposal)
    add_version(proposal, python=WIDER)
    html = page(reader, proposal)
    assert ">Stale approval<" in html
    assert "of version 1, which is no longer the newest" in html


def test_versions_are_compared_object_by_object_and_line_by_line(reader: Client, proposal: Proposal) -> None:
    add_version(proposal, python=WIDER, operations=[column("add_column", "fax", "VARCHAR(60)"), column("add_column", "mail")])
    html = page(reader, proposal, "?tab=versions&a=1&b=2")
    for text in ("no longer proposed", "proposed now", "proposed differently", "-    op.add_column", "+    op.add_column"):
        assert text in html
    assert "users.mail" in html
    assert page(reader, proposal, "?tab=versions&a=7&b=x")


def test_ticks_are_kept_and_counted(reader: Client, proposal: Proposal) -> None:
    answer = reader.post(reverse("proposal-viewed", args=[proposal.pk]), {"key": [FAX], "viewed": "yes"}, headers={"HX-Request": "true"})
    assert b"viewed 1 of 2" in answer.content
    assert b"<html" not in answer.content
    assert "viewed 1 of 2" in page(reader, proposal)
    assert reader.post(reverse("proposal-viewed", args=[proposal.pk]), {"key": [FAX]}).status_code == 302
    assert "viewed 0 of 2" in page(reader, proposal)


def test_status_tells_what_is_new_and_nothing_else(reader: Client, proposal: Proposal, rita: User) -> None:
    address = reverse("proposal-status", args=[proposal.pk])
    assert reader.get(address, {"seen": "open.1.0"}).status_code == 204
    reviewing.open_thread(proposal, user=rita, kind="general", text="x")
    assert b"1 new comment \xe2\x80\x93 show" in reader.get(address, {"seen": "open.1.0"}).content
    add_version(proposal, python=WIDER)
    assert b"1 new comment, version 2 is there" in reader.get(address, {"seen": "open.1.0"}).content
    first = reader.get(address, {"seen": "running.0.0"})
    assert (first.status_code, first["HX-Refresh"]) == (204, "true")
    assert reader.get(address, {"seen": "nonsense.x.y"}).status_code in (200, 204)


@pytest.mark.parametrize("status", ["queued", "running"])
def test_page_asks_again_while_it_is_being_made(reader: Client, database: Database, admin: User, status: str) -> None:
    made = proposed(database, user=admin)
    made.versions.all().delete()
    Proposal.objects.update(status=status)
    html = page(reader, made)
    assert "every 2s" in html
    assert 'http-equiv="refresh"' in html
    assert 'id="review"' not in html


def test_failed_proposal_says_why_what_is_there_and_what_next(reader: Client, database: Database, admin: User) -> None:
    made = proposed(database, user=admin)
    made.versions.all().delete()
    error = {"code": "AM-107", "title": "dev is behind", "why": "It is 2 behind.", "next": ["Upgrade it."], "detail": {"raw": "<b>x</b>"}}
    Proposal.objects.update(status="failed", error=error)
    html = page(reader, made)
    for text in (
        "dev is behind",
        "It is 2 behind.",
        "Nothing was written",
        "Upgrade it.",
        "AM-107",
        "&lt;b&gt;x&lt;/b&gt;",
        "Generate again",
    ):
        assert text in html


def test_empty_proposal_says_so(reader: Client, database: Database, admin: User) -> None:
    made = proposed(database, user=admin, operations=[])
    Proposal.objects.update(status="empty")
    assert "Models and database do not differ" in page(reader, made)


def test_many_objects_come_in_parts_and_each_is_found(reader: Client, database: Database, admin: User, rita: User) -> None:
    operations = [column("add_column", f"c{number}", table=f"t{table}") for table in range(40) for number in range(10)]
    many = proposed(database, user=admin, operations=operations)
    first = page(reader, many)
    assert ("Part 1 of 3" in first, first.count('<tr class="add"')) == (True, 150)
    assert "?tab=structure&amp;at=t16" in first, "the next part begins with it"
    assert first.count('href="?tab=structure&amp;at=t') >= 25, "the list of objects leads to all tables"
    assert "viewed 0 of 400" in first
    last = page(reader, many, "?tab=structure&at=o400")
    assert ("Part 3 of 3" in last, 'id="o400"' in last, 'id="o1"' in last) == (True, True, False)
    answer = post(reader, "proposal-threads", many.pk, kind="object", anchor="column:t39.c9", text="at the very end", version=1)
    assert "at the very end" in reader.get(answer["Location"]).content.decode()
    assert "at the very end" not in first
    ticked = reader.post(
        reverse("proposal-viewed", args=[many.pk]),
        {"key": ["column:t39.c9"], "viewed": "yes", "group": "t40"},
        headers={"HX-Request": "true"},
    ).content.decode()
    assert ("viewed 1 of 400" in ticked, "#o400" in ticked) == (True, True)


def test_thread_at_a_column_stands_at_its_rename(reader: Client, proposal: Proposal, rita: User) -> None:
    for key in ("column:users.phone", "column:users.fax"):
        reviewing.open_thread(proposal, user=rita, kind="object", anchor=key, text=f"said of {key}")
    known = {"type": "VARCHAR(40)", "nullable": True, "default": None}
    renamed = {"op": "alter_column", "schema": None, "table": "users", "column": {"name": "phone"} | known}
    add_version(proposal, operations=[renamed | {"before": {"name": "phone"}, "after": {"name": "fax"}}])
    html = page(reader, proposal)
    assert html.index("column phone") < html.index("said of column:users.phone") < html.index("said of column:users.fax")
    assert "no longer in version 2" not in page(reader, proposal, "?tab=discussion")


HOSTILE = '<script>alert("x")</script>'


def test_texts_of_the_project_and_of_people_are_escaped_everywhere(reader: Client, database: Database, admin: User, rita: User) -> None:
    operations = [column("add_column", HOSTILE, HOSTILE), column("drop_column", HOSTILE + "s", HOSTILE)]
    made = proposed(database, user=admin, message=HOSTILE, operations=operations, python=HOSTILE, red_flags=[HOSTILE])
    made.versions.update(blind_spots=[HOSTILE])
    key = reviewing.newest(made).changes[0]["key"]
    for kind, anchor in (("object", key), ("line", "0:1"), ("general", "")):
        reviewing.open_thread(made, user=rita, kind=kind, anchor=anchor, text=HOSTILE)
    reviewing.submit_review(made, user=rita, decision="request_changes", comment=HOSTILE, **shown(made))
    add_version(made, python=HOSTILE + "\n" + HOSTILE, operations=operations, note=HOSTILE[:20])
    pages = [
        page(reader, made, f"?tab={tab}&say={HOSTILE}") for tab in ("structure", "python", "sql", "findings", "discussion", "versions")
    ]
    pages += [
        reader.get(path).content.decode() for path in ("/proposals/", "/reviews/", "/projects/shop/", f"/proposals/?status={HOSTILE}")
    ]
    assert all("<script>alert" not in html for html in pages)
    assert sum("&lt;script&gt;" in html for html in pages) >= 9


def test_lists_show_what_is_mine_and_what_waits(client: Client, reader: Client, proposal: Proposal, database: Database, rita: User) -> None:
    own = proposed(database, user=rita, message="add mail")
    lists = {show: reader.get(reverse("proposals"), {"show": show}).content.decode() for show in ("all", "waiting", "mine")}
    assert {show: ("add fax" in html, "add mail" in html) for show, html in lists.items()} == {
        "all": (True, True), "waiting": (True, False), "mine": (False, True)
    }  # fmt: skip
    assert '<span class="sr">1 waits for you</span>' in lists["all"], "in the navigation"
    assert "add fax" in reader.get(reverse("reviews")).content.decode()
    assert "add fax" in reader.get(reverse("project", args=["shop"])).content.decode()
    Proposal.objects.filter(pk=own.pk).update(status="closed")
    assert "add mail" not in reader.get(reverse("proposals"), {"status": "open"}).content.decode()
    assert reader.get(reverse("proposals"), {"project": "none"}).status_code == 404
    assert reader.get(reverse("project-proposals", args=["shop"]))["Location"] == "/proposals/?project=shop"


@pytest.mark.parametrize("address", ["/proposals/", "/proposals/?show=waiting", "/reviews/", "/projects/shop/"])
def test_pages_with_proposals_cost_the_same_for_many(database: Database, admin: User, rita: User, address: str) -> None:
    """Also with different people who have said something."""
    costs = []
    for number in (1, 5):
        while Proposal.objects.count() < number:
            made = proposed(database, user=admin)
            other = User.objects.create_user(f"r{made.pk}", role=Role.REVIEWER)
            reviewing.submit_review(made, user=other, decision="approve", **shown(made))
            add_version(made, python=WIDER)
        client = signed_in(rita)
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_page_costs_the_same_for_many_threads(reader: Client, proposal: Proposal, admin: User, rita: User) -> None:
    costs = []
    for count in (1, 4):
        for _ in range(count):
            thread = reviewing.open_thread(proposal, user=rita, kind="object", anchor=FAX, text="why?")
            reviewing.reply(thread, user=admin, text="so")
            reviewing.submit_review(proposal, user=rita, decision="comment", comment="x", **shown(proposal))
        with CaptureQueriesContext(connection) as asked:
            page(reader, proposal, "?tab=discussion")
        costs.append(len(asked))
    assert costs[0] == costs[1]


def test_form_asks_for_a_proposal_and_says_what_is_wrong(reader: Client, database: Database, rita: User) -> None:
    address = reverse("proposal-new", args=["shop"])
    wrong = reader.post(address, {"database": str(database.pk), "message": 'a """ b', "depends_on": "one two"})
    assert (wrong.status_code, Proposal.objects.count()) == (422, 0)
    assert 'value="one two"' in wrong.content.decode(), "what was typed is still there"
    answer = reader.post(address, {"database": str(database.pk), "message": "add fax", "head": "three", "depends_on": "one two"})
    made = Proposal.objects.get()
    assert answer["Location"] == reverse("proposal", args=[made.pk])
    assert (made.message, made.requested_by, made.options["head"], made.options["depends_on"]) == ("add fax", rita, "three", ["one", "two"])
    assert reader.post(address, {"database": "9", "message": "x"}).status_code == 422
