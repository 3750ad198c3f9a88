"""Accepting findings on pages: the link at each, the form, the list, taking back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from environments.models import Database
from jobs import plans
from jobs.models import Plan
from migrations_store import suppressions
from migrations_store.models import Suppression
from tests.jobs.conftest import write_revision
from tests.support.proposals import proposed
from tests.support.sessions import signed_in

ABOUT = {"rule": "AD102", "revision": "four", "object": "t_three.fax"}


@pytest.fixture
def plan(root: Path, admin: User, add_database: Callable[..., Database]) -> Plan:
    write_revision(root, "four", "three", 'op.drop_column("t_three", "fax")')
    return plans.make_plan(add_database(), user=admin, command="upgrade", revision="head")


def address(**more: str) -> str:
    return "/projects/shop/suppressions/new?" + urlencode(ABOUT | more)


def test_each_finding_leads_to_its_form_and_back(client: Client, plan: Plan) -> None:
    for page in (f"/plans/{plan.pk}/", "/projects/shop/revisions/four/"):
        shown = client.get(page).content.decode()
        link = address(next=page).replace("&", "&amp;")
        assert f'href="{link}"' in shown
    form = client.get(address(next=f"/plans/{plan.pk}/")).content.decode()
    assert "This finding: t_three.fax in revision four" in form
    answer = client.post(address(), {"scope": "object", "reason": "nobody <uses> it", "until": "", "next": f"/plans/{plan.pk}/"})
    assert (answer.status_code, answer["Location"]) == (302, f"/plans/{plan.pk}/")
    made = Suppression.objects.get()
    assert (made.rule, made.revision, made.object, made.by, made.expires_at) == (*ABOUT.values(), "ada", None)
    assert "Accepted by ada: nobody &lt;uses&gt; it" in client.get(f"/plans/{plan.pk}/").content.decode()


@pytest.mark.parametrize(
    ("scope", "covered"), [("object", ("four", "t_three.fax")), ("revision", ("four", None)), ("project", (None, None))]
)
def test_the_scope_says_what_is_covered(client: Client, plan: Plan, scope: str, covered: tuple[str | None, str | None]) -> None:
    client.post(address(), {"scope": scope, "reason": "known"})
    made = Suppression.objects.get()
    assert (made.revision, made.object) == covered


def test_the_day_ends_by_the_readers_clock(client: Client, plan: Plan, admin: User) -> None:
    User.objects.filter(pk=admin.pk).update(time_zone="Europe/Berlin")
    day = timezone.localdate() + timedelta(days=30)
    client.post(address(), {"scope": "object", "reason": "known", "until": str(day)})
    ends = Suppression.objects.get().expires_at
    assert ends is not None
    begins = datetime.combine(day, datetime.min.time(), tzinfo=ends.tzinfo)
    assert begins - timedelta(hours=2) <= ends <= begins - timedelta(hours=1)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"reason": " "}, "This field is required"),
        ({"scope": "everything"}, "Select a valid choice"),
        ({"until": "2020-01-01"}, "within a year"),
        ({"until": "soon"}, "valid date"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(client: Client, plan: Plan, wrong: dict[str, str], says: str) -> None:
    answer = client.post(address(), {"scope": "object", "reason": "known"} | wrong)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Suppression.objects.exists()


def test_no_form_for_what_is_no_rule_and_no_way_to_another_site(client: Client, plan: Plan) -> None:
    assert client.get("/projects/shop/suppressions/new?rule=<b>").status_code == 404
    assert client.get("/projects/shop/suppressions/new?rule=AD102&revision=a%0d%0ab").status_code == 404
    for place in ("//evil.example/", "https://evil.example/", "javascript:alert(1)", "/\\evil.example"):
        answer = client.post(address(), {"scope": "project", "reason": "known", "next": place})
        assert answer["Location"] == "/projects/shop/suppressions/"


def test_the_list_marks_what_is_over_and_takes_back(client: Client, plan: Plan, admin: User) -> None:
    given = {"rule": "AD102", "reason": "<i>known</i>", "expires_at": timezone.now() + timedelta(days=1)}
    old = suppressions.suppress(plan.database.project, user=admin, **given)
    suppressions.suppress(plan.database.project, user=admin, **given | {"rule": "AD501", "revision": "four", "expires_at": None})
    Suppression.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    shown = client.get("/projects/shop/suppressions/").content.decode()
    assert shown.count("Expired") == 1
    assert "&lt;i&gt;known" in shown
    assert "until somebody takes it back" in shown
    assert client.post(f"/projects/shop/suppressions/{old.pk}/deletion").status_code == 302
    assert "Expired" not in client.get("/projects/shop/suppressions/").content.decode()


def test_an_accepted_finding_is_taken_back_where_it_stands(client: Client, plan: Plan, admin: User) -> None:
    made = suppressions.suppress(plan.database.project, user=admin, rule="AD102", reason="known", expires_at=None)
    action = f"/projects/shop/suppressions/{made.pk}/deletion"
    assert action in client.get(f"/plans/{plan.pk}/").content.decode()
    answer = client.post(action, {"next": f"/plans/{plan.pk}/"})
    assert answer["Location"] == f"/plans/{plan.pk}/"
    assert "1 accepted" not in client.get(f"/plans/{plan.pk}/").content.decode()


def test_who_may_not_review_sees_no_way_to_accept(viewer_client: Client, plan: Plan) -> None:
    shown = viewer_client.get("/projects/shop/revisions/four/").content.decode()
    assert "Drops column t_three.fax." in shown
    assert "Accept with a reason" not in shown


def test_on_a_proposal_others_accept_and_the_author_reads_why_not(database: Database, admin: User) -> None:
    lena = User.objects.create_user("lena", password="correct horse", role=Role.LEAD)
    proposal = proposed(database, user=lena)
    address = f"/proposals/{proposal.pk}/?tab=findings"
    own = signed_in(lena).get(address).content.decode()
    assert "You are the author of this proposal, so somebody else accepts what is found in it." in own
    assert "Accept with a reason" not in own
    assert "1 of the downgrade" in own
    theirs = signed_in(admin).get(address).content.decode()
    assert "Accept with a reason" in theirs
    link = urlencode({"rule": "AD102", "revision": "faxfaxfax", "object": "users.phone", "next": address}).replace("&", "&amp;")
    assert f"/projects/shop/suppressions/new?{link}" in theirs
    refused = signed_in(lena).post("/projects/shop/suppressions/new?rule=AD102", {"scope": "project", "reason": "it is mine"})
    assert refused.status_code == 403
    assert "is yours, and AD102 is found in it" in refused.content.decode()
