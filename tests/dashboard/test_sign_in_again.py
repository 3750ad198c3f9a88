"""The password once more: asked for when it was given long ago, and what was typed is not lost over it."""

import re
import time
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts import reauthentication
from accounts.models import ApiToken, Role, User
from tests.support.sessions import signed_in

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse"


@pytest.fixture
def olga() -> User:
    return User.objects.create_user("olga", password=PASSWORD, role=Role.OPERATOR)


@pytest.fixture
def stale(olga: User) -> Client:
    return signed_in(olga, fresh=False)


def given(client: Client, seconds_ago: Any) -> Client:
    session = client.session
    session[reauthentication.KEY] = seconds_ago if isinstance(seconds_ago, str) else int(time.time()) - seconds_ago
    session.save()
    return client


@pytest.mark.parametrize(
    ("seconds_ago", "fresh"), [(0, True), (14 * 60, True), (15 * 60 + 1, False), (10**9, False), (-60, False), ("now", False)]
)
def test_password_is_fresh_for_15_minutes(stale: Client, seconds_ago: Any, fresh: bool) -> None:
    assert given(stale, seconds_ago).post(reverse("token-new"), {"name": "ci"}).status_code == (200 if fresh else 403)
    assert ApiToken.objects.exists() is fresh


def test_signing_in_makes_it_fresh(client: Client, olga: User) -> None:
    client.post(reverse("sign-in"), {"username": "olga", "password": PASSWORD})
    assert reauthentication.is_fresh(client.session)
    assert b"password_again" not in client.get(reverse("account")).content


def test_what_was_posted_stays_in_the_form(stale: Client) -> None:
    answer = stale.post(reverse("token-new"), {"name": 'ci "<b>" ', "password_again": ""})
    hidden = re.findall(r'type="hidden" name="(\w+)"', answer.content.decode())
    assert hidden[-2:] == ["csrfmiddlewaretoken", "name"]
    assert "ci &quot;&lt;b&gt;&quot; " in answer.content.decode()
    assert not ApiToken.objects.exists()


def test_password_in_the_form_lets_it_through_and_is_fresh_from_then_on(stale: Client) -> None:
    assert b'name="password_again"' in stale.get(reverse("account")).content
    assert stale.post(reverse("token-new"), {"name": "ci", "password_again": PASSWORD}).status_code == 200
    assert stale.post(reverse("token-new"), {"name": "second"}).status_code == 200
    assert ApiToken.objects.count() == 2


def test_wrong_password_changes_nothing_and_is_counted(stale: Client) -> None:
    statuses = [stale.post(reverse("token-new"), {"name": "ci", "password_again": f"wrong {i}"}).status_code for i in range(7)]
    assert statuses[0] == 422
    assert statuses[-1] == 429
    assert not ApiToken.objects.exists()
    assert not reauthentication.is_fresh(stale.session)


@pytest.mark.parametrize(
    ("target", "place"),
    [("/jobs/?x=1", "/jobs/?x=1"), ("https://evil.example/", "/"), ("//evil.example", "/"), ("javascript:alert(1)", "/")],
)
def test_way_back_leads_nowhere_else(stale: Client, target: str, place: str) -> None:
    address = reverse("sign-in-again", query={"next": target})
    assert b"password_again" in stale.get(address).content
    assert stale.post(address, {"password_again": PASSWORD})["Location"] == place


def test_fragment_sends_the_whole_page_to_the_question(stale: Client) -> None:
    answer = stale.post(
        reverse("token-new"), {"name": "ci"}, headers={"HX-Request": "true", "HX-Current-URL": "https://evil.example/account/"}
    )
    assert (answer.status_code, answer["HX-Redirect"]) == (401, "/sign-in/again?next=%2Faccount%2F")
