"""What one did is told where it was done, and kept among the notices while the session lasts."""

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from dashboard import said
from environments.models import Database
from tests.support.sessions import signed_in

pytestmark = pytest.mark.django_db
HEADING = "What you did"


def notices(client: Client) -> str:
    return " ".join(client.get("/notices/").content.decode().split())


def test_result_is_told_once_and_kept(client: Client, database: Database) -> None:
    assert HEADING not in notices(client)
    told = client.post(f"/databases/{database.pk}/checks/", follow=True).content.decode()
    assert 'class="toast ' in told
    assert 'class="toast ' not in client.get("/").content.decode()
    page = notices(client)
    assert HEADING in page
    assert "shop/dev" in page[page.index(HEADING) :]


def test_newest_comes_first_and_the_oldest_goes(client: Client, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(said, "KEPT", 2)
    for _ in range(3):
        client.post(f"/databases/{database.pk}/checks/")
    page = notices(client)
    assert page[page.index(HEADING) :].count("<li>") == 2


def test_it_is_gone_with_the_session_and_nobody_elses(client: Client, database: Database, admin: User) -> None:
    client.post(f"/databases/{database.pk}/checks/")
    other = signed_in(User.objects.create_user("olga", password="correct horse", role=admin.role))
    assert HEADING not in notices(other)
    client.post("/sign-out")
    assert HEADING not in notices(signed_in(admin))


def test_what_is_kept_does_not_lengthen_a_session(database: Database, admin: User) -> None:
    client = Client()
    client.post("/sign-in", {"username": admin.username, "password": "correct horse"})
    ends = client.session.get_expiry_date()
    client.post(f"/databases/{database.pk}/checks/")
    assert client.session.get_expiry_date() == ends
    assert 0 < client.session.get_expiry_age() <= settings.SESSION_COOKIE_AGE


def test_what_was_said_in_another_language_is_marked_so(client: Client, database: Database, admin: User) -> None:
    client.post(f"/databases/{database.pk}/checks/")
    assert 'class="wrap-any">' in notices(client).partition('id="said"')[2]
    User.objects.filter(pk=admin.pk).update(language="ru")
    assert 'class="wrap-any" lang="en">' in notices(client).partition('id="said"')[2]
