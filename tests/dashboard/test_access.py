"""Who may open and post what: every address of the pages, for everyone from a stranger to an administrator.

A new address without a row here fails the first test.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import ApiToken, Grant, Role, Team, User
from accounts.services import create_token
from audit.models import AuditEntry
from dashboard.urls import urlpatterns
from environments import services as environments
from environments.changes import change_policy
from environments.models import Database
from jobs.batches import Move, promote_all
from jobs.models import Plan
from jobs.plans import make_plan
from jobs.proposals import reviewing
from jobs.services import request_job
from migrations_store import suppressions
from migrations_store.models import IgnoredDifference
from notices.channels import create_channel
from tests.environments.conftest import write_version
from tests.support.proposals import proposed
from tests.support.roles import ADMIN, ANYONE, AUDITOR, CHECKER, LEAD, OPERATOR, OUTSIDERS, REVIEWER, VIEWER, someone, undone
from tests.support.sessions import signed_in

ROLES = (*(role for role in Role if role != Role.NONE), *OUTSIDERS)
OTHERS = ("PUT", "PATCH", "DELETE")
METHODS = ("GET", *OTHERS, "POST")  # the one that may change something comes last


@dataclass(frozen=True)
class Page:
    """Who may get it and post to it (None: nobody, for it takes no such request), and what a post holds."""

    get: frozenset[Role] | None = None
    post: frozenset[Role] | None = None
    arguments: tuple[str, ...] = ()
    query: str = ""
    data: dict[str, str] = field(default_factory=dict)
    answers: tuple[int, ...] = (200, 302)

    def of_shop(self, method: str) -> bool:
        """Whether it is about something of the project that outsiders have no part in."""
        named = {"shop", "spare", "database", "plan", "job", "promotion", "proposal", "batch", "change"}
        return bool(named & set(self.arguments)) or "shop" in (str(self.data) if method == "POST" else self.query)


POLICY = {"approvals": "2", "approver_role": "reviewer", "approval_hours": "24", "backup_timeout": "60"}
PAGES = {
    "home": Page(ANYONE),
    "pipeline": Page(VIEWER),
    "account": Page(ANYONE, ANYONE, data={"theme": "dark", "time_zone": "Europe/Berlin"}),
    "own-password": Page(post=ANYONE, data={"password": "battery staple 9"}),
    "token-new": Page(post=ANYONE, data={"name": "ci"}),
    "token-delete": Page(post=ANYONE, arguments=("own_token",)),
    "search": Page(ANYONE, query="?q=nothing"),
    "palette": Page(ANYONE, query="?q=nothing"),
    "help": Page(ANYONE),
    "help-error": Page(ANYONE, arguments=("AM-101",)),
    "help-keyboard": Page(ANYONE),
    "setup": Page(ADMIN),
    "environments-prepare": Page(post=ADMIN),
    "setup-project": Page(post=ADMIN, data={"place": "ROOT"}, answers=(422,)),
    "setup-databases": Page(post=ADMIN, data={"spare-url": "sqlite:////srv/none.db"}),
    "setup-sample": Page(post=ADMIN),
    "environments": Page(VIEWER),
    "environment-new": Page(
        ADMIN, ADMIN, data={"slug": "late", "name": "late", "position": "9", "lock_timeout": "5", "statement_timeout": "0"}
    ),
    "environment-edit": Page(
        ADMIN, ADMIN, ("spare",), data={"slug": "spare", "name": "Spare", "position": "9", "lock_timeout": "5", "statement_timeout": "0"}
    ),
    "environment-delete": Page(post=ADMIN, arguments=("spare",)),
    "environment": Page(VIEWER, arguments=("spare",)),
    "policy-edit": Page(LEAD, LEAD, ("spare",), data=POLICY),
    "policy-words": Page(post=LEAD, arguments=("spare",), data=POLICY),
    "policy-delete": Page(post=LEAD, arguments=("spare",)),
    "environment-freeze": Page(post=LEAD, arguments=("spare",), data={"reason": "Holiday sale"}),
    "environment-unfreeze": Page(post=LEAD, arguments=("spare",)),
    "policy-decide": Page(post=LEAD, arguments=("change",), data={"decision": "reject"}, answers=(409,)),
    "project-new": Page(ADMIN, ADMIN, data={"slug": "second", "kind": "directory", "path": "ROOT"}),
    "project": Page(VIEWER, arguments=("shop",)),
    "project-edit": Page(ADMIN, ADMIN, ("shop",), data={"slug": "shop", "name": "Shop", "kind": "directory", "path": "ROOT"}),
    "project-delete": Page(post=ADMIN, arguments=("shop",), data={"typed": "shop"}),
    "project-delivery": Page(ADMIN, ADMIN, ("shop",), data={"what": "reviews", "reviews_needed": "1"}),
    "project-delivery-forget": Page(post=ADMIN, arguments=("shop",)),
    "project-read": Page(post=CHECKER, arguments=("shop",)),
    "history-svg": Page(VIEWER, arguments=("shop",)),
    "compare-pick": Page(VIEWER, arguments=("shop",)),
    "compare": Page(VIEWER, arguments=("shop", "dev", "test")),
    "compare-sql": Page(VIEWER, CHECKER, ("shop", "head", "dev")),
    "compare-sql-text": Page(VIEWER, arguments=("shop", "head", "dev"), answers=(404,)),
    "drift-everywhere": Page(VIEWER),
    "drift": Page(VIEWER, OPERATOR, ("shop",)),
    "ignored": Page(VIEWER, arguments=("shop",)),
    "ignored-new": Page(CHECKER, CHECKER, ("shop",), data={"pattern": "tmp_*", "where": "", "reason": "not ours", "until": "UNTIL"}),
    "ignored-decide": Page(post=REVIEWER, arguments=("shop", "ignored"), data={"decision": "approve"}),
    "promotions": Page(VIEWER, OPERATOR, data={"move": "shop:dev:test", "digest:shop:dev:test": "BATCH"}),
    "promotions-new": Page(VIEWER, query="?move=shop:dev:test"),
    "promotion": Page(VIEWER, arguments=("promotion",)),
    "promotion-status": Page(VIEWER, arguments=("promotion",)),
    "batch": Page(VIEWER, arguments=("batch",)),
    "reviews": Page(VIEWER),
    "proposals": Page(VIEWER),
    "project-proposals": Page(VIEWER, arguments=("shop",)),
    "proposal-new": Page(CHECKER, CHECKER, ("shop",), data={"database": "database", "message": "add fax"}),
    "proposal": Page(VIEWER, arguments=("proposal",)),
    "proposal-status": Page(VIEWER, arguments=("proposal",), answers=(200, 204)),
    "proposal-sql": Page(VIEWER, arguments=("proposal",), query="?dialect=sqlite"),
    "proposal-diagram": Page(VIEWER, arguments=("proposal", "svg")),
    "proposal-review": Page(post=REVIEWER, arguments=("proposal",), data={"decision": "approve", "version": "1", "checksum": "CHECKSUM"}),
    "proposal-threads": Page(post=REVIEWER, arguments=("proposal",), data={"kind": "general", "text": "Why?"}),
    "proposal-reply": Page(post=REVIEWER, arguments=("proposal", "thread"), data={"text": "Because."}),
    "proposal-resolve": Page(post=REVIEWER, arguments=("proposal", "thread")),
    "proposal-viewed": Page(post=VIEWER, arguments=("proposal",), data={"key": "column:users.fax", "viewed": "yes"}),
    "proposal-again": Page(post=CHECKER, arguments=("proposal",)),
    "proposal-rename": Page(post=CHECKER, arguments=("proposal",), data={"key": "column:users.fax", "version": "1"}, answers=(302, 422)),
    "proposal-edit": Page(post=CHECKER, arguments=("proposal",), data={"python": "x = 1", "version": "1"}),
    "proposal-draft-drop": Page(post=CHECKER, arguments=("proposal",), answers=(409,)),
    "proposal-close": Page(post=CHECKER, arguments=("proposal",)),
    "proposal-file": Page(VIEWER, arguments=("proposal",)),
    "proposal-patch": Page(VIEWER, arguments=("proposal",)),
    "proposal-out": Page(VIEWER, arguments=("proposal",)),
    "proposal-push": Page(post=CHECKER, arguments=("proposal",), answers=(409,)),
    "promotion-new": Page(CHECKER, arguments=("shop",), query="?from=dev&to=test"),
    "suppressions": Page(VIEWER, arguments=("shop",)),
    "suppression-new": Page(REVIEWER, REVIEWER, ("shop",), "?rule=AD102", {"scope": "project", "reason": "known"}),
    "suppression-delete": Page(post=REVIEWER, arguments=("shop", "suppression")),
    "revision-sql": Page(VIEWER, CHECKER, ("shop", "one")),
    "revision-sql-text": Page(VIEWER, arguments=("shop", "one"), answers=(404,)),
    "revision": Page(VIEWER, arguments=("shop", "one")),
    "database-new": Page(ADMIN, ADMIN, data={"project": "shop", "environment": "spare", "url": "sqlite:////srv/none.db"}),
    "database": Page(VIEWER, arguments=("database",)),
    "database-edit": Page(ADMIN, ADMIN, ("database",), data={"project": "shop", "environment": "dev", "url": "sqlite:////srv/none.db"}),
    "database-delete": Page(post=ADMIN, arguments=("database",), data={"typed": "dev"}),
    "database-check": Page(post=CHECKER, arguments=("database",)),
    "plan-new": Page(VIEWER, CHECKER, ("database",), data={"command": "upgrade", "revision": "three"}),
    "plan": Page(VIEWER, arguments=("plan",)),
    "plan-preview": Page(VIEWER, arguments=("plan",)),
    "job-create": Page(post=OPERATOR, arguments=("plan",), data={"digest": "DIGEST"}),
    "jobs": Page(VIEWER),
    "job": Page(VIEWER, arguments=("job",)),
    "job-status": Page(VIEWER, arguments=("job",)),
    "job-log": Page(VIEWER, arguments=("job",), answers=(200, 204)),
    "job-log-text": Page(VIEWER, arguments=("job",)),
    "job-decide": Page(post=REVIEWER, arguments=("job",), data={"decision": "approve"}, answers=(409,)),
    "job-withdraw": Page(post=REVIEWER, arguments=("job",), answers=(409,)),
    "job-release": Page(post=OPERATOR, arguments=("job",), answers=(409,)),
    "job-evidence": Page(AUDITOR, arguments=("job",)),
    "job-cancel": Page(post=OPERATOR, arguments=("job",), data={"reason": "not now"}),
    "audit": Page(AUDITOR),
    "audit-verify": Page(post=AUDITOR),
    "audit-export": Page(AUDITOR),
    "people": Page(ADMIN),
    "person-new": Page(ADMIN, ADMIN, data={"username": "nina", "password": "battery staple 9", "role": "none"}),
    "person": Page(ADMIN, ADMIN, ("other",), data={"role": "viewer", "is_active": "on"}),
    "person-password": Page(post=ADMIN, arguments=("other",), data={"password": "battery staple 9"}),
    "person-delete": Page(post=ADMIN, arguments=("other",), data={"typed": "otto"}),
    "person-grant": Page(post=ADMIN, arguments=("other",), data={"role": "operator", "project": "shop"}),
    "team-new": Page(ADMIN, ADMIN, data={"name": "Platform"}),
    "team": Page(ADMIN, ADMIN, ("team",), data={"name": "Core"}),
    "team-delete": Page(post=ADMIN, arguments=("team",)),
    "team-grant": Page(post=ADMIN, arguments=("team",), data={"role": "viewer"}),
    "grant-delete": Page(post=ADMIN, arguments=("grant",)),
    "channels": Page(ADMIN),
    "channel-new": Page(
        ADMIN, ADMIN, data={"name": "room", "way": "webhook", "address": "https://hooks.example.com/x", "kinds": "job_failed"}
    ),
    "channel-edit": Page(ADMIN, ADMIN, ("channel",), data={"name": "rooms", "kinds": "job_failed"}),
    "channel-delete": Page(post=ADMIN, arguments=("channel",)),
    "channel-test": Page(post=ADMIN, arguments=("channel",)),
    "notices": Page(ANYONE),
    "notices-read": Page(post=ANYONE),
    "sign-in-again": Page(ANYONE, ANYONE),
    "sign-out": Page(post=ANYONE),
}
OPEN = {"sign-in", "language"}
POSTS = [name for name, page in PAGES.items() if page.post]


def test_every_address_has_its_row() -> None:
    assert {pattern.name for pattern in urlpatterns} == set(PAGES) | OPEN


@pytest.fixture
def world(database: Database, add_database: Any, add_environment: Any, admin: User) -> dict[str, Any]:
    """dev is at one, test has nothing yet, spare is empty; a job waits behind a plan that still holds."""
    write_version(Path(database.database), "one")
    environments.check_database_now(database)
    test = add_environment("test", 2)
    add_database(test)
    decided = change_policy(add_environment("spare", 3), user=admin, fields={"forbid_stamp": True})
    database.refresh_from_db()
    batch = promote_all([Move(database.project, database.environment, test)], user=admin)
    promotion = batch.promotions.get()
    plan = make_plan(database, user=admin, command="upgrade", revision="two")
    job = request_job(database, user=admin, command="upgrade", revision="three")
    proposal = proposed(database, user=admin)
    thread = reviewing.open_thread(proposal, user=admin, kind="general", text="Who needs it?")
    team = Team.objects.create(name="Core")
    grant = Grant.objects.create(team=team, role=Role.VIEWER)
    other = User.objects.create_user("otto", password="correct horse", role=Role.NONE)
    channel = create_channel(user=admin, fields={"name": "r", "way": "email", "address": "team@example.com", "kinds": ["job_failed"]})[0]
    until = timezone.now() + timedelta(days=30)
    maker = User.objects.create_user("mia", password="correct horse", role=Role.OPERATOR)
    rule = IgnoredDifference.objects.create(project=database.project, made_by=maker, pattern="tmp_*", reason="no", expires_at=until)
    made = {"ignored": rule.pk, "UNTIL": f"{until:%Y-%m-%d}"}
    made |= {"team": team.pk, "grant": grant.pk, "other": other.pk, "channel": str(channel.pk)}
    made |= {"change": decided.pk if decided else 0}
    accepted = suppressions.suppress(database.project, user=admin, rule="AD101", reason="known", expires_at=None)
    made |= {"suppression": accepted.pk}
    made |= {"proposal": proposal.pk, "thread": thread.pk, "CHECKSUM": reviewing.newest(proposal).checksum}
    made |= {"batch": batch.pk, "promotion": promotion.pk, "BATCH": promotion.jobs.get().plan.digest}
    return made | {
        "database": str(database.pk), "plan": plan.pk, "DIGEST": plan.digest, "job": job.pk, "ROOT": database.project.source_path
    }  # fmt: skip


def ask(client: Client, name: str, method: str, world: dict[str, Any]) -> HttpResponse:
    page = PAGES[name]
    address = reverse(name, args=[world.get(argument, argument) for argument in page.arguments]) + page.query
    if method == "POST":
        data = {key: str(world.get(value, value)) for key, value in page.data.items()}
        answer: HttpResponse = client.post(address, data)
    else:
        answer = client.generic(method, address)
    return answer


def expected(page: Page, method: str, role: str) -> tuple[int, ...]:
    """Outsiders get lists, which are empty, and of what has a name they do not learn whether it is there."""
    needed = {"GET": page.get, "POST": page.post}.get(method)
    if needed is None:
        return (405,)
    if role in OUTSIDERS:
        return page.answers if needed == ANYONE or (needed == VIEWER and not page.of_shop(method)) else (403, 404)
    return page.answers if role in needed else (403,)


@pytest.mark.parametrize("role", ROLES)
def test_page_answers_those_who_may(world: dict[str, Any], role: str, subtests: pytest.Subtests) -> None:
    user = someone(role)
    world["own_token"] = create_token(user, by=user, name="old")[0].pk
    for name in PAGES:
        with subtests.test(name), undone():
            client = signed_in(user)
            for method in ("GET", "POST"):
                answers_as_it_should(client, name, method, role, world)


@pytest.mark.parametrize("role", [Role.ADMIN, OUTSIDERS[-1]])
def test_page_takes_no_other_method(world: dict[str, Any], role: str, subtests: pytest.Subtests) -> None:
    """Who may everything, and who may nothing: the method is looked at whoever asks."""
    client = signed_in(someone(role))
    world["own_token"] = 1
    for name in PAGES:
        with subtests.test(name):
            for method in OTHERS:
                answers_as_it_should(client, name, method, role, world)


def answers_as_it_should(client: Client, name: str, method: str, role: str, world: dict[str, Any]) -> None:
    entries = AuditEntry.objects.count()
    answer = ask(client, name, method, world)
    assert answer.status_code in expected(PAGES[name], method, role), (method, answer.status_code)
    if answer.status_code in (403, 404, 405):
        assert AuditEntry.objects.count() == entries, f"a refused {method} changes nothing"
    if role in OUTSIDERS and answer.status_code == 200 and not answer.streaming:
        assert b"shop" not in answer.content, method


def test_stranger_is_sent_to_sign_in(world: dict[str, Any], subtests: pytest.Subtests) -> None:
    """A fragment is told that the session is over, so that no part of a page becomes a sign-in form."""
    world["own_token"], entries = 1, AuditEntry.objects.count()
    for name in PAGES:
        with subtests.test(name):
            for method in METHODS:
                answer = ask(Client(), name, method, world)
                assert answer.status_code == 302
                assert answer["Location"].startswith(f"{reverse('sign-in')}?next=/")
            answer = ask(Client(headers={"HX-Request": "true"}), name, "GET", world)
            assert (answer.status_code, answer.content, "HX-Redirect" in answer) == (401, b"", False)
    assert AuditEntry.objects.count() == entries


def test_post_without_csrf_token_is_refused(world: dict[str, Any], admin: User, subtests: pytest.Subtests) -> None:
    client = signed_in(admin, client=Client(enforce_csrf_checks=True))
    world["own_token"] = create_token(admin, by=admin, name="old")[0].pk
    entries = AuditEntry.objects.count()
    for name in POSTS:
        with subtests.test(name):
            assert ask(client, name, "POST", world).status_code == 403
    assert AuditEntry.objects.count() == entries


def test_post_with_csrf_token_is_taken(world: dict[str, Any], admin: User) -> None:
    client = signed_in(admin, client=Client(enforce_csrf_checks=True))
    client.get(reverse("account"))
    token = client.cookies["csrftoken"].value
    assert client.post(reverse("token-new"), {"name": "ci", "csrfmiddlewaretoken": token}).status_code == 200
    assert client.post(reverse("token-new"), {"name": "cd"}, headers={"X-CSRFToken": token}).status_code == 200
    assert ApiToken.objects.filter(user=admin).count() == 2


def test_sign_in_without_csrf_token_is_refused(admin: User) -> None:
    client = Client(enforce_csrf_checks=True)
    assert client.post(reverse("sign-in"), {"username": "ada", "password": "correct horse"}).status_code == 403
    assert "sessionid" not in client.cookies


def test_page_takes_no_bearer_token(world: dict[str, Any], admin: User) -> None:
    plain = create_token(admin, by=admin, name="ci")[1]
    answer = Client().get(reverse("jobs"), headers={"Authorization": f"Bearer {plain}"})
    assert answer.status_code == 302


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example/", "javascript:alert(1)", "/\\evil.example", "\n//evil.example"])
def test_sign_in_leads_nowhere_else(admin: User, place: str) -> None:
    answer = Client().post(reverse("sign-in"), {"username": "ada", "password": "correct horse", "next": place})
    assert answer.status_code == 302
    assert answer["Location"] == reverse("home")


def test_sign_in_leads_back(admin: User) -> None:
    answer = Client().post(reverse("sign-in"), {"username": "ada", "password": "correct horse", "next": "/jobs/?status=failed"})
    assert answer["Location"] == "/jobs/?status=failed"


def test_sign_in_does_not_tell_whether_a_name_exists(admin: User) -> None:
    User.objects.create_user("gone", password="correct horse", is_active=False)
    tries = [("ada", "wrong"), ("nobody", "wrong"), ("gone", "wrong"), ("gone", "correct horse")]
    told = {
        str(Client().post(reverse("sign-in"), {"username": name, "password": password}).context["form"].non_field_errors())
        for name, password in tries
    }
    assert len(told) == 1


def test_sign_in_is_held_back_after_wrong_passwords_and_says_so(admin: User) -> None:
    """The right password is not looked at either: else an attacker would only have to ignore the refusals."""
    client = Client()
    for _ in range(5):
        assert client.post(reverse("sign-in"), {"username": "ada", "password": "wrong"}).status_code == 200
    answer = client.post(reverse("sign-in"), {"username": "ada", "password": "correct horse"})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) in range(1, 62)
    assert "try again in" in answer.content.decode()
    assert "sessionid" not in client.cookies
    assert Client(REMOTE_ADDR="10.0.0.9").post(reverse("sign-in"), {"username": "ada", "password": "correct horse"}).status_code == 302


def test_nobody_signs_in_when_inactive_and_a_session_ends_with_it(client: Client, admin: User) -> None:
    assert client.get(reverse("jobs")).status_code == 200
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert client.get(reverse("jobs")).status_code == 302


def test_session_ends_when_the_password_changes(client: Client, admin: User) -> None:
    admin.set_password("another horse")
    admin.save()
    assert client.get(reverse("jobs")).status_code == 302


def test_sign_in_makes_a_new_session_and_sign_out_ends_it(admin: User) -> None:
    client = Client()
    client.session["x"] = 1
    client.session.save()
    before = client.session.session_key
    client.post(reverse("sign-in"), {"username": "ada", "password": "correct horse"})
    during = client.session.session_key
    assert during not in (None, before)
    client.post(reverse("sign-out"))
    client.cookies["sessionid"] = during
    assert client.get(reverse("jobs")).status_code == 302
    assert list(AuditEntry.objects.order_by("seq").values_list("action", flat=True))[-2:] == ["session.start", "session.end"]


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(admin: User) -> None:
    client = Client()
    client.get(reverse("sign-in"))
    client.post(reverse("sign-in"), {"username": "ada", "password": "correct horse"})
    for name in ("sessionid", "csrftoken"):
        assert client.cookies[name]["httponly"]
        assert client.cookies[name]["samesite"] == "Lax"


def test_token_of_someone_else_is_not_found(client: Client) -> None:
    other = User.objects.create_user("bob", password="correct horse", role=Role.ADMIN)
    token = create_token(other, by=other, name="his")[0]
    assert client.post(reverse("token-delete", args=[token.pk])).status_code == 404
    assert ApiToken.objects.filter(pk=token.pk).exists()


NOWHERE = [
    "/nothing", "/projects/none/", "/projects/shop/revisions/none/", "/projects/%00/", "/projects/%ff/", "/projects/" + "a" * 3000 + "/",
    "/databases/none/", "/databases/00000000-0000-0000-0000-000000000000/", "/jobs/none/", "/jobs/-1/", "/jobs/%D9%A1/",
    "/jobs/" + "9" * 30 + "/", "/jobs/none/log/", "/jobs/none/log.txt", "/jobs/none/status/", "/plans/none/", "/plans/" + "9" * 18 + "/",
    "/plans/none/preview/", "/settings/environments/none/edit", "/settings/environments/%00/edit",
    "/projects/shop/promotions/new?from=none&to=dev", "/projects/none/edit", "/databases/none/edit",
]  # fmt: skip


def test_what_does_not_exist_is_a_page_that_says_so(client: Client, database: Database, subtests: pytest.Subtests) -> None:
    for address in NOWHERE:
        for headers in ({}, {"HX-Request": "true"}):
            with subtests.test(address, headers=headers):
                assert client.get(address, headers=headers).status_code == 404


QUERIES = [
    "/?page=-1", "/?page=99999999999999", "/?state=sleepy", "/?q=%00", "/?q=" + "x" * 5000, "/jobs/?status=sleepy", "/jobs/?page=many",
    "/jobs/?page=0", "/audit/?page=9999999", "/audit/?actor=%00", "/audit/?object=" + "x" * 5000, "/audit/?verify=1",
    "/projects/shop/?tab=none", "/projects/shop/?at=none", "/projects/shop/?after=%00", "/projects/shop/?q=%00",
    "/databases/DATABASE/plans/new?command=shell", "/databases/DATABASE/plans/new?revision=%00",
    "/databases/new?project=none&environment=%00", "/partials/pipeline?v=%00&page=x",
]  # fmt: skip


def test_query_that_makes_no_sense_is_passed_over(client: Client, database: Database, subtests: pytest.Subtests) -> None:
    for address in QUERIES:
        with subtests.test(address):
            assert client.get(address.replace("DATABASE", str(database.pk))).status_code in (200, 422)


FORMS = [
    ("account", {"theme": "pink", "time_zone": ""}),
    ("account", {"theme": "dark", "time_zone": "../../etc/passwd"}),
    ("token-new", {"name": ""}),
    ("token-new", {"name": "x" * 101}),
    ("token-new", {"name": "a\0b"}),
    ("own-password", {"password": "short"}),
    ("person-new", {"username": "a b", "password": "battery staple 9", "role": "viewer"}),
    ("person-new", {"username": "nina", "password": "short", "role": "viewer"}),
    ("person", {"role": "god", "is_active": "on"}),
    ("person", {"role": "viewer", "email": "x", "is_active": "on"}),
    ("person-password", {}),
    ("person-grant", {"role": "admin"}),
    ("person-grant", {"role": "viewer", "project": "none"}),
    ("team-new", {"name": "x" * 101}),
    ("team-new", {"name": "x", "members": "999"}),
    ("team", {"name": " "}),
    ("team-grant", {"role": "viewer", "environment": "none"}),
    ("channel-new", {"name": "x", "way": "pigeon", "address": "https://h/x", "kinds": "job_failed"}),
    ("channel-new", {"name": "x", "way": "webhook", "address": "http://169.254.169.254/", "kinds": "job_failed"}),
    ("channel-edit", {"name": "x", "address": "file:///etc/passwd", "kinds": "job_failed"}),
    ("notices-read", {"id": "a\0b"}),
    ("environment-new", {"slug": "a b", "name": "x", "position": "1", "lock_timeout": "5", "statement_timeout": "0"}),
    ("environment-new", {"slug": "x", "name": "x\0", "position": "1", "lock_timeout": "5", "statement_timeout": "0"}),
    ("environment-new", {"slug": "x", "name": "x", "position": "9" * 40, "lock_timeout": "5", "statement_timeout": "0"}),
    ("project-new", {}),
    ("project-new", {"slug": "x", "kind": "floppy"}),
    ("project-new", {"slug": "x", "kind": "directory", "path": "relative"}),
    ("project-new", {"slug": "x", "kind": "git", "url": "ext::sh -c id"}),
    ("project-new", {"slug": "x", "kind": "git", "url": "https://h/x", "ref": "--output=x"}),
    ("project-new", {"slug": "x", "kind": "directory", "path": "/", "env_vars": "A B=1"}),
    ("project-new", {"slug": "x", "kind": "directory", "path": "/", "x_arguments": "novalue"}),
    ("database-new", {}),
    ("database-new", {"project": "none", "environment": "dev", "url": "sqlite:////srv/x.db"}),
    ("database-new", {"project": "shop", "environment": "dev", "url": "postgresql://u:Kanari-4711@h/d?sslkey=/etc/passwd"}),
    ("database-new", {"project": "shop", "environment": "dev", "url": "sqlite:////srv/x.db?mode=rwc", "test": "1"}),
    (
        "database-new",
        {"project": "shop", "environment": "dev", "url": "postgresql://u@169.254.169.254/d", "password": "Kanari-4711", "test": "1"},
    ),
    ("plan-new", {"command": "shell", "revision": "head"}),
    ("plan-new", {"command": "upgrade", "revision": "x; DROP"}),
    ("plan-new", {"command": "upgrade", "revision": "a\0b"}),
    ("plan-new", {"command": "upgrade", "other": "z" * 5000}),
    ("job-create", {}),
    ("job-create", {"digest": "0" * 64}),
    ("job-create", {"digest": "DIGEST", "reason": "x" * 2001}),
    ("job-create", {"digest": "DIGEST", "reason": "a\0b"}),
    ("job-create", {"digest": "DIGEST", "key": "a\0b"}),
    ("job-create", {"digest": "DIGEST", "from": "none", "to": "dev"}),
    ("job-cancel", {}),
    ("job-cancel", {"reason": "x" * 2001}),
    ("job-cancel", {"reason": "a\0b"}),
]


def test_form_that_makes_no_sense_is_answered_with_a_sentence(client: Client, world: dict[str, Any], subtests: pytest.Subtests) -> None:
    plans, entries = Plan.objects.count(), AuditEntry.objects.count()
    for name, data in FORMS:
        arguments = [world.get(argument, argument) for argument in PAGES[name].arguments]
        with subtests.test(name, data=data):
            answer = client.post(reverse(name, args=arguments), {key: world.get(value, value) for key, value in data.items()})
            assert 400 <= answer.status_code < 500
            assert "Kanari" not in answer.content.decode()
            assert (Plan.objects.count(), AuditEntry.objects.count()) == (plans, entries)
