"""Entries say by which way a change came: page, API, worker or command, from where, with which token."""

import pytest
from django.test import Client

from accounts.models import ApiToken, Role, User
from accounts.services import create_token
from audit import context
from audit.models import AuditEntry
from audit.queries import verify
from audit.services import record
from audit.verification import COLUMNS
from tests.support.sessions import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password="correct horse", role=Role.ADMIN)


def last() -> AuditEntry:
    return AuditEntry.objects.order_by("-seq")[0]


NEW = {"slug": "dev", "name": "dev", "position": 1}


def test_entry_of_an_api_call_names_token_address_and_request(ada: User) -> None:
    token, plain = create_token(ada, by=ada, name="ci")
    headers = {"Authorization": f"Bearer {plain}"}
    answer = Client(REMOTE_ADDR="10.0.0.7").post("/api/v1/environments", NEW, content_type="application/json", headers=headers)
    assert answer.status_code == 201
    via = last().via
    assert via == {"way": "api", "address": "10.0.0.7", "request": answer["X-Request-ID"], "token": token.prefix}
    assert plain not in str(list(AuditEntry.objects.values_list(*COLUMNS)))
    assert ApiToken.objects.get().digest not in str(via)


def test_entry_of_a_page_names_address_and_request(ada: User) -> None:
    client = signed_in(ada)
    form = NEW | {"lock_timeout": "5", "statement_timeout": "0"}
    answer = client.post("/settings/environments/new", form, REMOTE_ADDR="10.0.0.8")
    assert last().action.startswith("environment.")
    assert last().via == {"way": "web", "address": "10.0.0.8", "request": answer["X-Request-ID"]}


@pytest.mark.parametrize(
    ("https", "forwarded", "address"), [(False, "10.9.9.9", "127.0.0.1"), (True, "6.6.6.6, 10.9.9.9", "10.9.9.9"), (True, "", "127.0.0.1")]
)
def test_address_is_whom_the_proxy_names_last(ada: User, settings, https: bool, forwarded: str, address: str) -> None:
    settings.HTTPS = https
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    Client(headers=headers).post("/sign-in", {"username": "ada", "password": "correct horse"})
    assert (last().action, last().via["address"]) == ("session.start", address)


def test_requests_do_not_leave_their_way_behind(ada: User) -> None:
    Client().post("/sign-in", {"username": "ada", "password": "correct horse"})
    assert record("ada", "test.entry", "x").via == {"way": "command"}


def test_process_of_one_kind_says_so_in_every_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "_process", context.Via())
    context.this_process_is("worker")
    assert record("worker", "test.entry", "x").via == {"way": "worker"}


def test_way_is_part_of_what_is_hashed() -> None:
    from audit import protection

    record("ada", "test.entry", "x")
    with protection.removed():
        AuditEntry.objects.update(via={"way": "web"})
    assert verify().broken_at == 1
    with protection.removed():
        AuditEntry.objects.update(via=None)
    assert verify().broken_at == 1


def test_entries_from_before_the_way_was_kept_still_verify() -> None:
    """As the first version wrote them: without `via`, hashed without it."""
    import hashlib

    from audit.models import AuditHead

    entry = AuditEntry(
        seq=1, at="2026-01-02T03:04:05.000006Z", actor="ada", action="job.request", object="job 1", detail={"b": "ü", "a": 1}
    )
    text = '[1,"2026-01-02T03:04:05.000006+00:00","ada","job.request","job 1",{"a":1,"b":"ü"}]'
    entry.previous_hash, entry.hash = "0" * 64, hashlib.sha256(("0" * 64 + "\n" + text).encode()).hexdigest()
    entry.save(force_insert=True)
    AuditHead.objects.create(seq=1, hash=entry.hash)
    record("ada", "job.request", "job 2")
    assert (verify().verified_through, verify().broken_at) == (2, None)
