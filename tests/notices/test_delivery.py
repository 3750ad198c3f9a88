"""What is told of leaves by real servers, once, signed, is tried again with growing pauses, and is given up after a day."""

import hashlib
import hmac
import json
from collections.abc import Callable
from email import message_from_bytes, message_from_string, policy
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from notices import delivery, services
from notices.models import Channel, Delivery, Notice
from tests.notices.conftest import SECRET
from tests.support.sinks import Hooks, Mail

Add = Callable[..., Channel]


def tell(*people: User, **more: Any) -> None:
    facts = {"text": "Job 7 on shop/prod failed.", "url": "/jobs/7/"} | more
    services.tell("job_failed", people=people, **facts)


def make_due() -> None:
    Delivery.objects.filter(done_at=None).exclude(next_at=None).update(next_at=timezone.now())


def test_notice_and_message_are_there_after_the_commit_and_not_after_a_rollback(ada: User, add_channel: Add, hooks: Hooks) -> None:
    add_channel(hooks.url)
    with transaction.atomic():
        tell(ada)
        transaction.set_rollback(True)
    assert not Notice.objects.exists()
    assert not Delivery.objects.exists()
    tell(ada, ada)
    assert Notice.objects.get().user == ada
    assert Delivery.objects.get().next_at is not None


def test_webhook_gets_a_signed_document_that_slack_shows(ada: User, add_channel: Add, hooks: Hooks, settings: Any) -> None:
    settings.PUBLIC_URL = "https://migrations.example.com"
    add_channel(hooks.url)
    tell(ada, text="Reason: <!channel> & more", project="shop", environment="prod")
    assert delivery.deliver() == 1
    path, headers, body = hooks.taken[0]
    assert path == "/hook/T0-secret-path"
    signed = hmac.new(SECRET.encode(), headers["X-Dashboard-Timestamp"].encode() + b"." + body, hashlib.sha256).hexdigest()
    assert headers["X-Dashboard-Signature"] == f"sha256={signed}"
    found = json.loads(body)
    assert found["text"] == "Reason: &lt;!channel&gt; &amp; more <https://migrations.example.com/jobs/7/>"
    assert found["message"] == "Reason: <!channel> & more"
    assert (found["kind"], found["project"], found["environment"]) == ("job_failed", "shop", "prod")


def test_e_mail_arrives_in_the_words_of_the_notice(ada: User, add_channel: Add, mail: Mail) -> None:
    add_channel("team@example.com")
    tell(ada, text="Job 7 failed.\r\nBcc: everybody@example.com", project="shop")
    assert delivery.deliver() == 1
    found = message_from_string(mail.taken[0])
    assert (found["Subject"], found["To"], found["Bcc"]) == ("[Alembic Dashboard] A job failed: shop", "team@example.com", None)
    assert "/jobs/7/" in found.get_payload()


def test_e_mail_speaks_the_language_of_its_reader_and_webhooks_english(ada: User, add_channel: Add, mail: Mail, hooks: Hooks) -> None:
    User.objects.create_user("olga", email="Olga@example.com", password="correct horse", language="ru")
    for address in ("olga@example.com", "team@example.com", hooks.url):
        add_channel(address)
    tell(ada, text="Job 7 succeeded: upgrade shop/prod, 21 steps; the database is at target.", project="shop")
    assert delivery.deliver() == 3
    sent = {found["To"]: found for found in (message_from_bytes(text.encode(), policy=policy.default) for text in mail.taken)}
    assert sent["olga@example.com"]["Subject"].strip() == "[Alembic Dashboard] Задание не выполнено: shop"
    body = sent["olga@example.com"].get_content()
    assert "Задание 7 выполнено: обновление shop/prod, 21 шаг; база: на целевой ревизии." in body
    assert sent["team@example.com"]["Subject"] == "[Alembic Dashboard] A job failed: shop"
    assert json.loads(hooks.taken[0][2])["message"].startswith("Job 7 succeeded: upgrade")


def test_e_mail_without_a_server_says_which_setting_is_missing(ada: User, add_channel: Add) -> None:
    add_channel("team@example.com")
    tell(ada)
    delivery.deliver()
    assert "EMAIL_HOST" in Delivery.objects.get().error


def test_message_that_fails_is_tried_again_later_and_later_and_given_up_after_a_day(ada: User, add_channel: Add, hooks: Hooks) -> None:
    hooks.statuses = [500]
    add_channel(hooks.url)
    tell(ada)
    pauses = []
    while (row := Delivery.objects.get()).next_at is not None and len(pauses) < 30:
        make_due()
        before = timezone.now()
        assert delivery.deliver() == 0
        row = Delivery.objects.get()
        if row.next_at:
            pauses.append(round((row.next_at - before).total_seconds() / 60))
            Delivery.objects.update(created_at=row.created_at - (row.next_at - before))
    assert pauses == [1, 5, 15, 60, 180, 360, 360, 360]
    assert row.given_up
    assert "500" in row.error
    assert len(hooks.taken) == len(pauses) + 1
    assert delivery.deliver() == 0


def test_message_that_failed_once_arrives_with_the_next_try(ada: User, add_channel: Add, hooks: Hooks) -> None:
    hooks.statuses = [503, 200]
    add_channel(hooks.url)
    tell(ada)
    delivery.deliver()
    assert delivery.deliver() == 0, "it is not due yet"
    make_due()
    assert delivery.deliver() == 1
    row = Delivery.objects.get()
    assert (row.attempts, row.error, row.next_at) == (2, "", None)
    assert row.done_at is not None


def test_redirect_is_not_followed(ada: User, add_channel: Add, hooks: Hooks) -> None:
    hooks.statuses = [302]
    add_channel(hooks.url)
    tell(ada)
    delivery.deliver()
    assert [path for path, _, _ in hooks.taken] == ["/hook/T0-secret-path"]
    assert "302" in Delivery.objects.get().error


def test_two_workers_that_saw_the_same_message_do_not_both_send_it(ada: User, add_channel: Add, hooks: Hooks) -> None:
    add_channel(hooks.url)
    for _ in range(5):
        tell(ada)
    one, other = list(Delivery.objects.order_by("pk")), list(Delivery.objects.order_by("-pk"))
    assert [delivery.claim(row) for row in one] == [True] * 5
    assert [delivery.claim(row) for row in other] == [False] * 5
    assert delivery.deliver() == 0, "what is claimed is not due"


def test_slow_try_does_not_undo_what_a_later_one_found(ada: User, add_channel: Add) -> None:
    add_channel("http://127.0.0.1/")
    tell(ada)
    slow = Delivery.objects.get()
    assert delivery.claim(slow)
    make_due()
    later = Delivery.objects.get()
    assert delivery.claim(later)
    delivery.keep(later, "")
    delivery.keep(slow, "It did not answer.")
    assert Delivery.objects.get().error == ""


def test_error_holds_neither_address_nor_secret(ada: User, add_channel: Add, hooks: Hooks) -> None:
    channel = add_channel(hooks.url.replace("127.0.0.1", "no-such-host.invalid"), shown="no-such-host.invalid")
    tell(ada)
    delivery.deliver()
    error = Delivery.objects.get().error
    assert "no-such-host.invalid" in error
    assert "T0-secret-path" not in error
    assert "T0-secret" not in channel.address
    assert SECRET not in channel.secret


HOSTILE = [
    "http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/", "http://0xa9.0xfe.0xa9.0xfe/", "http://2852039166/",
    "http://[fe80::1]/", "http://[fd00:ec2::254]/", "http://100.100.100.200/", "http://168.63.129.16/", "http://[64:ff9b::a9fe:a9fe]/",
    "http://user:pw@example.com/", "ftp://example.com/", "file:///etc/passwd", "http:///nothing", "gopher://127.0.0.1:6379/_x",
]  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE)
def test_hostile_address_is_sent_nothing(ada: User, add_channel: Add, address: str) -> None:
    add_channel(address)
    tell(ada)
    assert delivery.deliver() == 0
    row = Delivery.objects.get()
    assert row.done_at is None
    assert "refused" in row.error or "does not connect there" in row.error or "has to begin" in row.error, row.error


SCOPES = [
    (None, None, True), ("shop", None, True), ("shop", "prod", True), (None, "prod", True), ("crm", None, False), ("shop", "dev", False),
]  # fmt: skip


@pytest.mark.parametrize(("project", "environment", "wanted"), SCOPES)
def test_channel_gets_what_its_scope_and_kinds_say(ada: User, add_channel: Add, project: str, environment: str, wanted: bool) -> None:
    from environments.models import Environment
    from migrations_store.models import Project

    places = {slug: Project.objects.create(slug=slug, name=slug, source_kind="directory") for slug in ("shop", "crm")}
    stages = {slug: Environment.objects.create(slug=slug, name=slug) for slug in ("dev", "prod")}
    add_channel("http://127.0.0.1/", project=places.get(project), environment=stages.get(environment))
    add_channel("http://127.0.0.1/", kinds=["job_succeeded"])
    add_channel("http://127.0.0.1/", enabled=False)
    tell(ada, project=places["shop"], environment=stages["prod"])
    assert Delivery.objects.count() == wanted


def test_nobody_inactive_is_told(ada: User) -> None:
    User.objects.create_user("bob", is_active=False)
    tell(*User.objects.all())
    assert [notice.user for notice in Notice.objects.all()] == [ada]
