"""Policies, freezes and their changes, as programs use them."""

from typing import Any

import pytest

from accounts.models import Role, User
from accounts.services import create_token
from environments import policies
from environments.models import Database, Environment, Policy
from tests.api.conftest import Api, problem_of

WINDOW = {"days": [0, 4], "from": "22:00", "to": "06:00"}


@pytest.fixture
def lena(admin: User) -> Api:
    user = User.objects.create_user("lena", password="correct horse", role=Role.LEAD)
    return Api(create_token(user, by=user, name="test")[1])


@pytest.fixture
def prod(api: Api) -> Environment:
    api.post("/environments", {"slug": "prod", "name": "Production", "position": 3, "protected": True})
    return Environment.objects.get(slug="prod")


def test_policy_of_an_open_environment_is_changed_at_once(api: Api, dev: Environment) -> None:
    shown = api.done(200, "PUT", "/environments/dev/policy", {"approvals": 2, "windows": [WINDOW], "time_zone": "Europe/Berlin"})
    assert (shown["source"], shown["approvals"], shown["version"], shown["windows"]) == ("environment", 2, 1, [WINDOW])
    assert shown["words"][0].startswith("dev will need 2 approvals")
    assert api.get("/environments/dev/policy") == shown
    assert api.done(204, "DELETE", "/environments/dev/policy") is None
    assert api.get("/environments/dev/policy")["source"] == "open"


def test_policy_of_a_protected_environment_waits_for_another_token_than_ones_own(api: Api, prod: Environment, lena: Api) -> None:
    waits = api.done(202, "PUT", "/environments/prod/policy", {"approvals": 0, "reason": "why"})
    change = waits["change"]
    assert "second person" in waits["detail"]
    assert (change["before"], change["after"], change["status"], change["reason"]) == ({"approvals": 1}, {"approvals": 0}, "waiting", "why")
    own = problem_of(api.call("POST", f"/policy-changes/{change['id']}/decision", {"decision": "approve"}))
    assert own["status"] == 403
    assert lena.get("/policy-changes?environment=prod&status=waiting")["items"] == [change]
    assert lena.post(f"/policy-changes/{change['id']}/decision", {"decision": "approve", "comment": "fine"})["status"] == "approved"
    assert api.get("/environments/prod/policy")["approvals"] == 0
    assert problem_of(lena.call("POST", f"/policy-changes/{change['id']}/decision", {"decision": "reject"}))["code"] == "change_over"


def test_policy_is_not_changed_where_nobody_else_could_approve(api: Api, prod: Environment) -> None:
    found = problem_of(api.call("PUT", "/environments/prod/policy", {"approvals": 0}))
    assert (found["status"], found["code"]) == (409, "nobody_else")
    assert problem_of(api.call("PATCH", "/environments/prod", {"protected": False}))["code"] == "nobody_else"


def test_protection_is_taken_off_by_two(api: Api, prod: Environment, lena: Api) -> None:
    waits = api.done(202, "PATCH", "/environments/prod", {"protected": False, "name": "Prod"})
    assert api.get("/environments/prod") | {"frozen": ""} == api.get("/environments/prod")
    assert (api.get("/environments/prod")["protected"], api.get("/environments/prod")["name"]) == (True, "Prod")
    lena.post(f"/policy-changes/{waits['change']['id']}/decision", {"decision": "approve"})
    assert api.get("/environments/prod")["protected"] is False


def test_database_leaves_a_protected_environment_by_two(api: Api, database: Database, prod: Environment, lena: Api) -> None:
    assert api.patch(f"/databases/{database.pk}", {"environment": "prod"})["environment"] == "prod"
    waits = api.done(202, "PATCH", f"/databases/{database.pk}", {"environment": "dev"})
    assert waits["change"]["database"] == str(database.pk)
    assert api.get(f"/databases/{database.pk}")["environment"] == "prod"
    assert api.post(f"/policy-changes/{waits['change']['id']}/decision", {"decision": "withdraw"})["status"] == "withdrawn"


def test_exception_is_a_projects_own(api: Api, database: Database, dev: Environment) -> None:
    shown = api.done(200, "PUT", "/environments/dev/policy?project=shop", {"approvals": 3})
    assert (shown["source"], shown["project"]) == ("exception", "shop")
    assert policies.rules_for(database).approvals == 3
    assert api.get("/environments/dev/policy")["source"] == "open"
    assert problem_of(api.call("PUT", "/environments/dev/policy?project=none", {"approvals": 3}))["status"] == 404


def test_freeze_holds_until_it_is_lifted(api: Api, dev: Environment) -> None:
    body = {"reason": "Holiday sale", "until": "2099-01-01T00:00:00+01:00"}
    assert api.done(200, "PUT", "/environments/dev/freeze", body)["until"] == "2098-12-31T23:00:00+00:00"
    assert "Holiday sale" in api.get("/environments/dev")["frozen"]
    assert api.done(200, "DELETE", "/environments/dev/freeze")["sentence"] == ""


WRONG = [
    ("PUT", "/environments/dev/policy", {"approvals": "many"}, "approvals"),
    ("PUT", "/environments/dev/policy", {"approvals": None}, "approvals"),
    ("PUT", "/environments/dev/policy", {"approver_role": "viewer"}, "approver_role"),
    ("PUT", "/environments/dev/policy", {"windows": [WINDOW | {"days": [9]}]}, "windows"),
    ("PUT", "/environments/dev/policy", {"windows": [WINDOW | {"to": "soon"}]}, "windows"),
    ("PUT", "/environments/dev/policy", {"windows": [WINDOW | {"and": 1}]}, "windows"),
    ("PUT", "/environments/dev/policy", {"version": 7}, "version"),
    ("PUT", "/environments/dev/policy", {"backup_command": "a {b}"}, "backup_command"),
    ("PUT", "/environments/dev/policy", {"reason": "x" * 2001}, "reason"),
    ("PUT", "/environments/dev/freeze", {"reason": " "}, "reason"),
    ("PUT", "/environments/dev/freeze", {"reason": "x", "until": "2099-01-01T00:00:00"}, "until"),
    ("PUT", "/environments/dev/freeze", {"reason": "x", "until": "2001-01-01T00:00:00Z"}, "until"),
    ("GET", "/policy-changes?status=odd", {}, "status"),
]


@pytest.mark.parametrize(("method", "path", "body", "field"), WRONG)
def test_what_is_wrong_is_named(api: Api, dev: Environment, method: str, path: str, body: Any, field: str) -> None:
    found = problem_of(api.call(method, path, body) if method == "PUT" else api.call(method, path))
    assert found["status"] == 422
    assert any(name.startswith(field) for name in found["errors"]), found
    assert not Policy.objects.exists()


@pytest.mark.parametrize("id", ["0", "999999999", "99999999999999", "-1", "x", "1e3", "²"])
def test_a_change_that_is_not_there_is_not_found(api: Api, id: str) -> None:
    assert problem_of(api.call("POST", f"/policy-changes/{id}/decision", {"decision": "approve"}))["status"] == 404


def test_severities_are_given_as_a_whole(api: Api, dev: Environment) -> None:
    shown = api.done(200, "PUT", "/environments/dev/policy", {"severities": {"AD102": "block", "AD101": "error"}})
    assert shown["severities"] == {"AD102": "block"}, "what is as usual anyway is not kept"
    assert api.done(200, "PUT", "/environments/dev/policy", {"approvals": 0})["severities"] == {"AD102": "block"}
    assert api.done(200, "PUT", "/environments/dev/policy", {"severities": {}})["severities"] == {}


@pytest.mark.parametrize(
    ("severities", "says"),
    [({"AD999": "block"}, "no rule 'AD999'"), ({"AD102": "fatal"}, "no level 'fatal'"), ({"AD102": 1}, "severities.AD102"), ([], "object")],
)
def test_a_severity_that_makes_no_sense_is_named(api: Api, dev: Environment, severities: Any, says: str) -> None:
    found = problem_of(api.call("PUT", "/environments/dev/policy", {"severities": severities}))
    assert (found["status"], says in found["detail"]) == (422, True), found


@pytest.mark.parametrize(
    "until", [1893456000, 1893456000000, 0.5, True, "1893456000", "2030-01-01", "2030-01-01T00:00:00", "2030-13-01T00:00:00Z", "soon", []]
)
def test_a_time_is_text_with_a_zone(api: Api, dev: Environment, until: Any) -> None:
    """A number may be seconds or milliseconds, and a time without a zone is another one to each who reads it."""
    found = problem_of(api.call("PUT", "/environments/dev/freeze", {"reason": "moving house", "until": until}))
    sentence = "This has to be a time with its zone in ISO 8601, such as 2026-12-31T22:00:00Z."
    assert found["errors"] == {"until": sentence}
    assert problem_of(api.call("GET", "/audit?since=0.5"))["errors"] == {"since": sentence}
