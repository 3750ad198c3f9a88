"""Pages speak their reader's language; the API, the health check and everything outside of a page speak English to everyone."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation import ngettext

from accounts.models import User
from accounts.services import create_token, set_preferences
from config.retelling import told
from dashboard.differences_view import groups
from dashboard.templatetags import ui

RUSSIAN = {"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.5"}


def language_of(answer: Any) -> str:
    return str(answer.content.decode()).partition('<html lang="')[2][:2]


def test_a_stranger_is_asked_in_the_browsers_language(db: None) -> None:
    answer = Client(headers=RUSSIAN).get("/sign-in")
    assert (language_of(answer), answer["Content-Language"]) == ("ru", "ru")
    assert {"Accept-Language", "Cookie"} <= set(answer["Vary"].split(", "))
    assert "Имя пользователя" in answer.content.decode()
    assert language_of(Client(headers={"Accept-Language": "de"}).get("/sign-in")) == "en"


def test_own_choice_comes_before_the_cookie_and_that_before_the_browser(client: Client, admin: User) -> None:
    assert language_of(client.get("/jobs/", headers=RUSSIAN)) == "ru"
    client.cookies["language"] = "en"
    assert language_of(client.get("/jobs/", headers=RUSSIAN)) == "en"
    set_preferences(admin, language="ru")
    assert language_of(client.get("/jobs/")) == "ru"


def test_two_people_read_at_once_each_in_their_language(client: Client, viewer_client: Client, admin: User) -> None:
    set_preferences(admin, language="ru")
    assert [language_of(one.get("/jobs/")) for one in (client, viewer_client, client)] == ["ru", "en", "ru"]
    assert translation.get_language() == "en", "what a request spoke ends with it"


def test_the_switch_is_kept_and_leads_back(client: Client, admin: User) -> None:
    answer = client.post("/language", {"language": "ru", "next": "/jobs/?status=failed"})
    assert (answer.status_code, answer["Location"], answer.cookies["language"].value) == (303, "/jobs/?status=failed", "ru")
    admin.refresh_from_db()
    assert admin.language == "ru"


def test_the_account_has_it_too(client: Client, admin: User) -> None:
    assert 'lang="ru" >Русский</option>' in client.get("/account/").content.decode()
    answer = client.post("/account/", {"language": "ru"}, follow=True)
    assert "Сохранено." in answer.content.decode()
    assert 'lang="ru" selected>Русский</option>' in answer.content.decode()


@pytest.mark.parametrize("target", ["//evil.example/", "https://evil.example/", ""])
def test_the_switch_leads_nowhere_else(db: None, target: str) -> None:
    answer = Client().post("/language", {"language": "ru", "next": target})
    assert (answer.status_code, answer["Location"]) == (303, "/")


def test_a_language_that_is_none_is_refused(client: Client, admin: User) -> None:
    assert client.post("/language", {"language": "tlh"}).status_code == 422
    assert Client(enforce_csrf_checks=True).post("/language", {"language": "ru"}).status_code == 403
    admin.refresh_from_db()
    assert admin.language == ""


@pytest.mark.parametrize("path", ["/api/v1/jobs/99", "/api/v1/projects", "/api/v1/nowhere", "/healthz"])
def test_programs_are_answered_in_english(admin: User, path: str) -> None:
    set_preferences(admin, language="ru")
    token = create_token(admin, by=admin, name="ci")[1]
    headers = {"Authorization": f"Bearer {token}"}
    plain, russian = (Client().get(path, headers=headers | more) for more in ({}, RUSSIAN))
    assert (russian.status_code, russian.content) == (plain.status_code, plain.content)
    assert "Content-Language" not in russian


@pytest.mark.parametrize(("number", "words"), [(1, "1 строка"), (2, "2 строки"), (5, "5 строк"), (21, "21 строка"), (112, "112 строк")])
def test_plurals_have_their_forms(number: int, words: str) -> None:
    with translation.override("ru"):
        assert ngettext("%(count)s row", "%(count)s rows", number) % {"count": number} == words


def test_times_and_numbers_are_told_as_the_language_does() -> None:
    entry = {"schema": None, "table": "users", "before": None, "after": None, "text": "", "kind": "table", "what": "added", "name": "users"}
    now = timezone.now()
    with translation.override("ru"):
        assert [ui.duration(seconds) for seconds in (0.012, 0.4, 38, 64)] == ["12 мс", "0,4 с", "38 с", "1 мин 04 с"]
        assert [ui.age(now - timedelta(hours=hours)) for hours in (2, 50)] == ["2 ч назад", "2 дн. назад"]
        assert groups([entry], {"users": {"count": 48213, "exact": True}})[0].rows_held == "48\xa0213 строк"
    assert [ui.duration(seconds) for seconds in (0.012, 0.4, 38, 64)] == ["12 ms", "0.4 s", "38 s", "1 m 04 s"]
    assert groups([entry], {"users": {"count": 48213, "exact": True}})[0].rows_held == "48,213 rows"


def test_what_the_rooms_say_is_english_to_programs_and_russian_on_a_page(client: Client, admin: User) -> None:
    key = create_token(admin, by=admin, name="ci")[1]
    english: list[str] = []
    russian: list[str] = []
    for found in (english, russian):
        found += re.findall("<p>(.*)</p>", html.unescape(client.get("/projects/none/").content.decode()))
        set_preferences(admin, language="ru")
    assert english[0] == Client().get("/api/v1/projects/none", headers={"Authorization": f"Bearer {key}"}).json()["detail"]
    with translation.override("ru"):
        assert russian[0] == told(english[0]) != english[0]
