"""Accepted findings in the API."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Role, User
from audit.models import AuditEntry
from environments.models import Database
from migrations_store.models import Suppression
from tests.api.conftest import Api, problem_of, token_of
from tests.support.proposals import proposed

BODY = {"rule": "AD102", "reason": "unused since spring", "revision": "three"}


def test_an_acceptance_is_made_listed_and_taken_back(api: Api, database: Database) -> None:
    until = (timezone.now() + timedelta(days=30)).isoformat()
    made = api.post("/projects/shop/suppressions", BODY | {"expires_at": until})
    expected = BODY | {"object": None, "title": "Column dropped", "by": "ada", "expires_at": until, "expired": False}
    assert {name: made[name] for name in expected} == expected
    Suppression.objects.create(project=database.project, rule="AD101", reason="old", by="ada", expires_at=timezone.now())
    assert [one["expired"] for one in api.get("/projects/shop/suppressions")["items"]] == [True, False]
    assert api.get("/projects/shop/suppressions?active=true")["items"] == [made]
    assert api.call("DELETE", f"/projects/shop/suppressions/{made['id']}").status_code == 204
    assert problem_of(api.call("DELETE", f"/projects/shop/suppressions/{made['id']}"))["status"] == 404


def test_the_same_said_twice_is_one_acceptance(api: Api, database: Database) -> None:
    made = api.post("/projects/shop/suppressions", BODY)
    assert api.post("/projects/shop/suppressions", BODY) == made
    assert api.post("/projects/shop/suppressions", BODY | {"object": "users.phone"}) != made
    assert AuditEntry.objects.filter(action="finding.suppress").count() == 2
    api.call("DELETE", f"/projects/shop/suppressions/{made['id']}")
    assert [one["object"] for one in api.get("/projects/shop/suppressions")["items"]] == ["users.phone"]


@pytest.mark.parametrize(
    ("wrong", "names"),
    [
        ({"rule": "AD999"}, {"rule"}),
        ({"reason": ""}, {"reason"}),
        ({"revision": "x" * 256}, {"revision"}),
        ({"object": "x" * 301}, {"object"}),
        ({"expires_at": "2020-01-01T00:00:00Z"}, {"expires_at"}),
    ],
)
def test_what_is_wrong_is_named(api: Api, database: Database, wrong: dict[str, Any], names: set[str]) -> None:
    problem = problem_of(api.call("POST", "/projects/shop/suppressions", BODY | wrong))
    assert (problem["status"], set(problem["errors"])) == (422, names)
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("id", ["x", "-1", "9" * 30])
def test_an_id_that_is_none_is_not_found(api: Api, database: Database, id: str) -> None:
    assert problem_of(api.call("DELETE", f"/projects/shop/suppressions/{id}"))["status"] == 404


def test_an_author_is_refused_by_every_token(database: Database) -> None:
    lena = User.objects.create_user("lena", password="correct horse", role=Role.LEAD)
    proposed(database, user=lena)
    for _ in range(2):
        problem = problem_of(Api(token_of(lena)).call("POST", "/projects/shop/suppressions", {"rule": "AD102", "reason": "mine"}))
        assert (problem["status"], problem["code"]) == (403, "forbidden")
    assert not Suppression.objects.exists()
