"""Making channels: what they may lead to, what is kept sealed, what is shown once, and the pages that do it."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Grant, Role, Team, User
from audit.models import AuditEntry
from config.errors import Forbidden, Invalid
from config.keys import new_credential_key
from notices import channels, delivery, queries, rotation, services
from notices.errors import NameTaken
from notices.models import Channel, Delivery, Notice
from notices.sending import unseal
from tests.support.sessions import signed_in
from tests.support.sinks import Hooks

pytestmark = pytest.mark.django_db
HOOK = "https://hooks.example.com/services/T0/Kanari-path"
FIELDS = {"name": "room", "way": "webhook", "address": HOOK, "kinds": ["job_failed"]}


@pytest.fixture
def client(ada: User) -> Client:
    return signed_in(ada)


def test_address_and_secret_are_sealed_and_told_nowhere(ada: User) -> None:
    _, secret = channels.create_channel(user=ada, fields=FIELDS)
    kept = Channel.objects.get()
    assert (unseal(kept, "address"), unseal(kept, "secret")) == (HOOK, secret)
    assert len(secret) >= 43
    told = f"{kept.address} {kept.secret} {kept.shown} {AuditEntry.objects.get().detail}"
    assert "Kanari" not in told
    assert secret not in told
    assert kept.shown == "hooks.example.com"


def test_what_is_sealed_for_one_channel_opens_for_no_other(ada: User) -> None:
    one, _ = channels.create_channel(user=ada, fields=FIELDS)
    other, _ = channels.create_channel(user=ada, fields=FIELDS | {"name": "other"})
    Channel.objects.filter(pk=other.pk).update(address=one.address, secret=one.address)
    services.tell("job_failed", text="x", url="/", people=[])
    assert delivery.deliver() == 0
    assert "cannot be read" in Delivery.objects.get(channel=other).error


HOSTILE = [
    "http://169.254.169.254/latest/meta-data/", "http://[::ffff:169.254.169.254]/", "http://0xa9fea9fe/", "http://2852039166/",
    "http://[fe80::1]/", "http://[fd00:ec2::254]/", "http://100.100.100.200/", "http://[64:ff9b::a9fe:a9fe]/", "https://user:pw@example.com/",
    "ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x", "http:///x", "http://[::1", "http://a:99999/", "https://a/\n",
    "javascript:alert(1)", "", "https://a/" + "x" * 2000,
]  # fmt: skip


@pytest.mark.parametrize("address", HOSTILE)
def test_hostile_address_makes_no_channel(ada: User, address: str) -> None:
    wrong = address if "\n" not in address else "https://a/x\ny"
    with pytest.raises(Invalid) as refused:
        channels.create_channel(user=ada, fields=FIELDS | {"address": wrong})
    assert "address" in refused.value.fields
    assert not Channel.objects.exists()
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "fields", [{"way": "pigeon"}, {"kinds": []}, {"kinds": ["x"]}, {"name": " "}, {"way": "email", "address": "a@b\nBcc: c@d.example"}]
)
def test_channel_that_makes_no_sense_is_not_made(ada: User, fields: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        channels.create_channel(user=ada, fields=FIELDS | fields)
    assert not Channel.objects.exists()


def test_only_administrators_have_channels(ada: User) -> None:
    channel, _ = channels.create_channel(user=ada, fields=FIELDS)
    lead = User.objects.create_user("lea", role=Role.LEAD)
    for attempt in (
        lambda: channels.create_channel(user=lead, fields=FIELDS),
        lambda: channels.update_channel(channel, user=lead, fields={"enabled": False}),
        lambda: channels.delete_channel(channel, user=lead),
        lambda: channels.send_test(channel, user=lead),
        lambda: queries.deliveries(lead),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_changes_leave_entries_and_an_empty_address_stays(ada: User) -> None:
    channel, secret = channels.create_channel(user=ada, fields=FIELDS)
    channels.update_channel(channel, user=ada, fields={"name": "rooms", "address": "", "kinds": ["approved", "job_failed"]})
    kept = Channel.objects.get()
    assert (kept.name, unseal(kept, "address"), unseal(kept, "secret")) == ("rooms", HOOK, secret)
    with pytest.raises(NameTaken):
        channels.create_channel(user=ada, fields=FIELDS | {"name": "rooms"})
    channels.delete_channel(kept, user=ada)
    assert list(AuditEntry.objects.order_by("seq").values_list("action", flat=True)) == [
        "channel.create",
        "channel.update",
        "channel.delete",
    ]


def test_secret_is_on_the_page_that_answers_and_on_no_other(client: Client) -> None:
    page = client.post(reverse("channel-new"), FIELDS).content.decode()
    channel = Channel.objects.get()
    secret, address = unseal(channel, "secret"), unseal(channel, "address")
    assert secret in page
    for name, args in (("channels", []), ("channel-edit", [channel.pk])):
        shown = client.get(reverse(name, args=args)).content.decode()
        assert secret not in shown
        assert address not in shown
        assert "hooks.example.com" in shown


def test_test_goes_the_way_of_every_message(client: Client, hooks: Hooks) -> None:
    client.post(reverse("channel-new"), FIELDS | {"address": hooks.url, "enabled": "on"})
    client.post(reverse("channel-test", args=[Channel.objects.get().pk]))
    assert b"Waits" in client.get(reverse("channels")).content
    assert delivery.deliver() == 1, list(Delivery.objects.values_list("error", flat=True))
    assert b"Arrived" in client.get(reverse("channels")).content
    assert len(hooks.taken) == 1


def test_bell_counts_what_is_unread_and_opening_reads_it(client: Client, ada: User) -> None:
    bob = User.objects.create_user("bob")
    services.tell("approval_wanted", text="Olga asks for <b>prod</b>", url="/jobs/", people=[ada, bob])
    services.tell("job_failed", text="Job 7 failed.", url="/jobs/7/", people=[ada])
    page = client.get(reverse("notices")).content.decode()
    assert "Waiting for me: 2 unread" in page
    assert "&lt;b&gt;prod" in page
    first = Notice.objects.filter(user=ada).last()
    answer = client.post(reverse("notices-read"), {"id": first.pk, "open": "1"})
    assert answer["Location"] == first.url
    theirs = Notice.objects.get(user=bob)
    assert client.post(reverse("notices-read"), {"id": theirs.pk, "open": "1"})["Location"] == reverse("notices")
    assert Notice.objects.get(user=bob).read_at is None, "nobody reads what is another's"
    client.post(reverse("notices-read"))
    assert b"Nothing waits for you" in client.get(reverse("notices")).content
    assert b"Job 7 failed." in client.get(reverse("notices") + "?all=1").content


def test_lists_ask_the_store_as_often_for_many_as_for_one(client: Client, ada: User) -> None:
    def asked() -> list[int]:
        counts = []
        for name in ("people", "channels", "notices"):
            with CaptureQueriesContext(
                connection,
            ) as seen:
                client.get(reverse(name))
            counts.append(len(seen))
        return counts

    def add(count: int) -> None:
        for _ in range(count):
            number = User.objects.count()
            user = User.objects.create_user(f"u{number}")
            team = Team.objects.create(name=f"t{number}")
            team.members.add(user)
            Grant.objects.create(user=user, role=Role.LEAD)
            Grant.objects.create(team=team, role=Role.LEAD)
            channels.create_channel(user=ada, fields=FIELDS | {"name": f"c{number}"})
            services.tell("job_failed", text="x", url="/", people=[ada])

    add(1)
    one = asked()
    add(9)
    assert asked() == one


def test_rotation_moves_every_channel_to_the_newest_key_and_passes_by_what_it_cannot_read(ada: User, settings: Any) -> None:
    one, secret = channels.create_channel(user=ada, fields=FIELDS)
    old, new = settings.CREDENTIAL_KEYS, new_credential_key()
    settings.CREDENTIAL_KEYS = [new, *old]
    assert rotation.rotate_all() == (1, 0, [])
    settings.CREDENTIAL_KEYS = [new]
    kept = Channel.objects.get(pk=one.pk)
    assert (unseal(kept, "address"), unseal(kept, "secret")) == (HOOK, secret)
    channels.create_channel(user=ada, fields=FIELDS | {"name": "later"})
    Channel.objects.filter(pk=one.pk).update(secret=kept.secret[:12] + "x" + kept.secret[13:], address=one.address)
    assert rotation.rotate_all() == (0, 1, ["channel room"])
