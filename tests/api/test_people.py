"""People, teams and grants by token: what an administrator sets up holds with the next call, and what makes no sense changes nothing."""

from typing import Any

import pytest

from accounts.models import Grant, Team, User
from audit.models import AuditEntry
from environments.models import Database
from tests.api.conftest import NOTHING, Api, problem_of, token_of


def test_operator_of_one_environment_is_made_and_works_there_alone(
    api: Api, database: Database, add_database: Any, add_environment: Any
) -> None:
    test = add_database(add_environment("test", 2))
    api.post("/users", {"username": "olga", "password": "battery staple 9"})
    olga = Api(token_of(User.objects.get(username="olga")))
    assert olga.get("/databases")["count"] == 0
    team = api.post("/teams", {"name": "Dev", "members": ["olga"]})
    assert team["members"] == ["olga"]
    grant = api.post("/grants", {"team": "Dev", "role": "operator", "project": "shop", "environment": "dev"})
    assert (grant["team"], grant["project"], grant["environment"]) == ("Dev", "shop", "dev")
    assert [row["id"] for row in olga.get("/databases")["items"]] == [str(database.pk)]
    assert [row["slug"] for row in olga.get("/environments")["items"]] == ["dev"]
    assert olga.call("GET", f"/databases/{test.pk}").status_code == 404
    body = {"command": "upgrade", "revision": "head"}
    assert olga.call("POST", "/jobs", body | {"database": str(test.pk)}).status_code == 404
    job = olga.post("/jobs", body | {"database": str(database.pk)})
    assert olga.get(f"/jobs/{job['id']}/log")["items"] == []
    api.done(204, "DELETE", f"/grants/{grant['id']}")
    assert olga.call("GET", f"/jobs/{job['id']}").status_code == 404, "out of reach is out of sight, one's own jobs too"
    api.patch("/users/olga", {"active": False})
    assert olga.call("GET", "/jobs").status_code == 401


WRONG = [
    ("POST", "/users", {"username": "a b", "password": "battery staple 9"}, 422),
    ("POST", "/users", {"username": "x\0", "password": "battery staple 9"}, 422),
    ("POST", "/users", {"username": "nina", "password": "short"}, 422),
    ("POST", "/users", {"username": "ada", "password": "battery staple 9"}, 409),
    ("POST", "/users", {"username": "nina", "password": "battery staple 9", "role": "god"}, 422),
    ("POST", "/users", {"username": "nina", "password": "battery staple 9", "is_superuser": True}, 422),
    ("PATCH", "/users/ada", {"role": "viewer"}, 403),
    ("PATCH", "/users/ada", {"active": False}, 403),
    ("PATCH", "/users/nobody", {"role": "viewer"}, 404),
    ("POST", "/teams", {"name": " "}, 422),
    ("POST", "/teams", {"name": "x", "members": ["nobody"]}, 422),
    ("PUT", "/teams/99999999999999999999999", {"name": "x"}, 404),
    ("DELETE", "/teams/x", NOTHING, 422),
    ("POST", "/grants", {"role": "viewer"}, 422),
    ("POST", "/grants", {"user": "ada", "team": "x", "role": "viewer"}, 422),
    ("POST", "/grants", {"user": "ada", "role": "admin"}, 422),
    ("POST", "/grants", {"user": "ada", "role": "viewer", "project": "none"}, 404),
    ("DELETE", "/grants/-1", NOTHING, 404),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), WRONG)
def test_what_makes_no_sense_changes_nothing(api: Api, method: str, path: str, body: Any, status: int) -> None:
    entries = AuditEntry.objects.count()
    found = problem_of(api.call(method, path, body))
    assert found["status"] == status, found
    assert (User.objects.count(), Team.objects.count(), Grant.objects.count()) == (1, 0, 0)
    assert AuditEntry.objects.count() == entries


@pytest.mark.parametrize(
    "name", [".", "..", "@", "\N{VULGAR FRACTION ONE QUARTER}", "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}", "ﬃ" * 60]
)
def test_user_name_is_looked_at_as_it_will_be_kept(api: Api, name: str) -> None:
    """Compatibility characters become others, and more of them: blanks, a fraction slash, 180 letters."""
    found = problem_of(api.call("POST", "/users", {"username": name, "password": "correct horse battery"}))
    assert found["errors"].keys() == {"username"}


def test_user_names_differ_by_more_than_their_case(api: Api) -> None:
    """Full-width letters are the same ones."""
    for name in ("Ada", "ADA", "\uff41da"):
        found = problem_of(api.call("POST", "/users", {"username": name, "password": "correct horse battery"}))
        assert (found["code"], found["detail"]) == ("name_taken", "There already is a user ada.")


def test_user_is_recorded_by_the_name_that_was_kept(api: Api) -> None:
    made = api.post("/users", {"username": "\uff42ob", "password": "correct horse battery"})
    assert made["username"] == "bob"
    assert AuditEntry.objects.get(action="user.create").object == "user bob"
