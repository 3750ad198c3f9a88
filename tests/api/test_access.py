"""Who may do what through the API: every operation that the router knows, for every role.

A new operation without a row here fails the first test.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import ApiToken, Grant, Role, Team, User
from api.router import api as ninja
from audit.models import AuditEntry
from environments.changes import change_policy
from environments.models import Database, Environment
from jobs.drift.ignoring import ignore
from jobs.models import Job
from jobs.proposals import reviewing
from migrations_store.models import Proposal
from tests.api.conftest import NOTHING, Api, problem_of, stamp, token_of
from tests.support.proposals import add_version
from tests.support.roles import ADMIN, AUDITOR, CHECKER, LEAD, OPERATOR, OUTSIDERS, REVIEWER, VIEWER, someone, undone

ROLES = (*(role for role in Role if role != Role.NONE), *OUTSIDERS)
OPEN = {"GET /openapi.json", "GET /docs"}
# What an operation needs, what it is called with, and how it answers whoever may.
OPERATIONS: dict[str, tuple[frozenset[Role], Any, int]] = {
    "GET /projects": (VIEWER, NOTHING, 200),
    "POST /projects": (ADMIN, {"slug": "second", "source": {"kind": "directory", "path": "ROOT"}}, 201),
    "GET /projects/{slug}": (VIEWER, NOTHING, 200),
    "PATCH /projects/{slug}": (ADMIN, {"name": "Shop"}, 200),
    "DELETE /projects/{slug}": (ADMIN, NOTHING, 204),
    "POST /projects/{slug}/snapshots": (CHECKER, NOTHING, 201),
    "GET /projects/{slug}/revisions": (VIEWER, NOTHING, 200),
    "GET /projects/{slug}/revisions/{revision}": (VIEWER, NOTHING, 200),
    "GET /projects/{slug}/revisions/{revision}/sql": (VIEWER, NOTHING, 200),
    "POST /projects/{slug}/revisions/{revision}/sql": (CHECKER, NOTHING, 202),
    "GET /projects/{slug}/compare": (VIEWER, NOTHING, 200),
    "GET /projects/{slug}/suppressions": (VIEWER, NOTHING, 200),
    "POST /projects/{slug}/suppressions": (REVIEWER, {"rule": "AD102", "reason": "known"}, 201),
    "DELETE /projects/{slug}/suppressions/{suppression}": (REVIEWER, NOTHING, 204),
    "GET /environments": (VIEWER, NOTHING, 200),
    "POST /environments": (ADMIN, {"slug": "prod", "name": "prod"}, 201),
    "GET /environments/{environment}": (VIEWER, NOTHING, 200),
    "PATCH /environments/{environment}": (ADMIN, {"name": "Spare"}, 200),
    "DELETE /environments/{environment}": (ADMIN, NOTHING, 204),
    "GET /environments/{environment}/policy": (VIEWER, NOTHING, 200),
    "PUT /environments/{environment}/policy": (LEAD, {"approvals": 2}, 200),
    "DELETE /environments/{environment}/policy": (LEAD, NOTHING, 204),
    "PUT /environments/{environment}/freeze": (LEAD, {"reason": "Holiday sale"}, 200),
    "DELETE /environments/{environment}/freeze": (LEAD, NOTHING, 200),
    "GET /policy-changes": (VIEWER, NOTHING, 200),
    "POST /policy-changes/{change}/decision": (LEAD, {"decision": "reject", "comment": "no"}, 409),
    "GET /databases": (VIEWER, NOTHING, 200),
    "POST /databases": (ADMIN, {"project": "shop", "environment": "spare", "url": "sqlite:////srv/none.db"}, 201),
    "GET /databases/{database}": (VIEWER, NOTHING, 200),
    "PATCH /databases/{database}": (ADMIN, {"name": "main"}, 200),
    "DELETE /databases/{database}": (ADMIN, NOTHING, 204),
    "GET /projects/{slug}/push-credential": (ADMIN, NOTHING, 404),
    "PUT /projects/{slug}/push-credential": (ADMIN, {"token": "secret-token"}, 409),
    "DELETE /projects/{slug}/push-credential": (ADMIN, NOTHING, 204),
    "POST /databases/{database}/checks": (CHECKER, NOTHING, 202),
    "POST /plans": (CHECKER, {"database": "DATABASE", "command": "stamp"}, 201),
    "POST /jobs": (OPERATOR, {"database": "DATABASE", "command": "upgrade"}, 201),
    "GET /jobs": (VIEWER, NOTHING, 200),
    "GET /jobs/{job}": (VIEWER, NOTHING, 200),
    "GET /jobs/{job}/log": (VIEWER, NOTHING, 200),
    "GET /jobs/{job}/log.txt": (VIEWER, NOTHING, 200),
    "GET /jobs/{job}/evidence": (AUDITOR, NOTHING, 200),
    "POST /jobs/{job}/cancellation": (OPERATOR, {"reason": "not now"}, 202),
    "POST /jobs/{job}/approvals": (REVIEWER, {"decision": "approve"}, 409),
    "DELETE /jobs/{job}/approvals": (REVIEWER, NOTHING, 409),
    "POST /jobs/{job}/release": (OPERATOR, NOTHING, 409),
    "POST /promotions": (OPERATOR, {"project": "shop", "from": "dev", "to": "test"}, 201),
    "GET /promotions": (VIEWER, NOTHING, 200),
    "GET /promotions/{promotion}": (VIEWER, NOTHING, 200),
    "POST /rollbacks": (OPERATOR, {"database": "DATABASE", "revision": "base"}, 201),
    "POST /proposals": (CHECKER, {"database": "DATABASE", "message": "x"}, 202),
    "GET /proposals": (VIEWER, NOTHING, 200),
    "GET /proposals/{proposal}": (VIEWER, NOTHING, 200),
    "POST /projects/{slug}/checks": (OPERATOR, NOTHING, 202),
    "GET /projects/{slug}/checks": (VIEWER, NOTHING, 200),
    "GET /projects/{slug}/ignored-differences": (VIEWER, NOTHING, 200),
    "POST /projects/{slug}/ignored-differences": (CHECKER, {"pattern": "tmp_*", "reason": "not ours"}, 201),
    "POST /projects/{slug}/ignored-differences/{ignored}/decision": (REVIEWER, {"decision": "approve"}, 201),
    "DELETE /projects/{slug}/ignored-differences/{ignored}": (CHECKER, NOTHING, 200),
    "GET /proposals/{proposal}/versions": (VIEWER, NOTHING, 200),
    "POST /proposals/{proposal}/versions": (CHECKER, {}, 202),
    "POST /proposals/{proposal}/edits": (CHECKER, {"python": "x = 1", "version": 1}, 202),
    "POST /proposals/{proposal}/renames": (CHECKER, {"key": "column:users.fax", "version": 1}, 422),
    "DELETE /proposals/{proposal}/draft": (CHECKER, NOTHING, 409),
    "PUT /proposals/{proposal}/closing": (CHECKER, {"closed": True}, 200),
    "GET /proposals/{proposal}/file": (VIEWER, NOTHING, 200),
    "GET /proposals/{proposal}/patch": (VIEWER, NOTHING, 200),
    "GET /proposals/{proposal}/pushes": (VIEWER, NOTHING, 200),
    "POST /proposals/{proposal}/pushes": (CHECKER, {}, 409),
    "GET /proposals/{proposal}/reviews": (VIEWER, NOTHING, 200),
    "POST /proposals/{proposal}/reviews": (REVIEWER, {"decision": "approve", "version": 1, "checksum": "CHECKSUM"}, 201),
    "GET /proposals/{proposal}/threads": (VIEWER, NOTHING, 200),
    "POST /proposals/{proposal}/threads": (REVIEWER, {"kind": "general", "text": "Why?"}, 201),
    "POST /proposals/{proposal}/threads/{thread}/comments": (REVIEWER, {"text": "Because."}, 201),
    "PUT /proposals/{proposal}/threads/{thread}/resolution": (REVIEWER, {"resolved": True}, 200),
    "GET /proposals/{proposal}/viewed": (VIEWER, NOTHING, 200),
    "PUT /proposals/{proposal}/viewed": (VIEWER, {"keys": ["column:users.fax"]}, 200),
    "GET /users": (ADMIN, NOTHING, 200),
    "POST /users": (ADMIN, {"username": "nina", "password": "battery staple 9"}, 201),
    "PATCH /users/{username}": (ADMIN, {"role": "lead"}, 200),
    "GET /teams": (ADMIN, NOTHING, 200),
    "POST /teams": (ADMIN, {"name": "Platform", "members": ["olga"]}, 201),
    "PUT /teams/{team}": (ADMIN, {"name": "Core", "members": []}, 200),
    "DELETE /teams/{team}": (ADMIN, NOTHING, 204),
    "GET /grants": (ADMIN, NOTHING, 200),
    "POST /grants": (ADMIN, {"user": "olga", "role": "lead", "project": "shop"}, 201),
    "DELETE /grants/{grant}": (ADMIN, NOTHING, 204),
    "GET /audit": (AUDITOR, NOTHING, 200),
    "GET /audit/verification": (AUDITOR, NOTHING, 200),
    "GET /audit/export": (AUDITOR, NOTHING, 200),
}
LISTS = {"GET /projects", "GET /environments", "GET /databases", "GET /jobs", "GET /promotions", "GET /policy-changes", "GET /proposals"}


def routes(found: list[Any], before: str = "") -> Iterator[str]:
    """The routes of the URL configuration, flat."""
    for entry in found:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            yield route


def neutral(route: str) -> str:
    return re.sub(r"\{[^}]*\}|<[^>]*>", "*", route.removeprefix("/api/v1").removeprefix("api/v1"))


def test_every_operation_has_its_row() -> None:
    paths: dict[str, Any] = ninja.get_openapi_schema()["paths"]
    known = {f"{method.upper()} {neutral(path)}" for path, methods in paths.items() for method in methods}
    assert {neutral(operation) for operation in OPERATIONS} == known


def test_every_address_under_api_is_in_the_document_or_open() -> None:
    documented = {neutral(path) for path in ninja.get_openapi_schema()["paths"]}
    found = {neutral(route) for route in routes(get_resolver().url_patterns) if route.startswith("api/")}
    assert found == documented | {"/", *(operation.split()[1] for operation in OPEN)}


def test_every_answer_with_a_body_says_of_what_kind_it_is() -> None:
    paths: dict[str, Any] = ninja.get_openapi_schema()["paths"]
    answers = {
        f"{method.upper()} {path} {status}": answer
        for path, methods in paths.items()
        for method, operation in methods.items()
        for status, answer in operation["responses"].items()
        if status != 204
    }
    assert [place for place, answer in answers.items() if not answer.get("content")] == []


@pytest.fixture
def world(database: Database, add_database: Any, add_environment: Any, admin: User, api: Api) -> dict[str, str]:
    """dev is at one, test has nothing yet, spare is empty; a job of someone else waits."""
    test = add_environment("test", 2)
    add_database(test)
    add_environment("spare", 3)
    other = Api(token_of(User.objects.create_user("olga", password="correct horse", role=Role.OPERATOR)))
    job = other.post("/jobs", {"database": str(database.pk), "command": "upgrade"})
    stamp(database, "one")
    promotion = other.post("/promotions", {"project": "shop", "from": "dev", "to": "test"})
    proposal = other.post("/proposals", {"database": str(database.pk), "message": "x"}, want=202)
    version = add_version(Proposal.objects.get(pk=proposal["id"]))
    thread = reviewing.open_thread(version.proposal, user=admin, kind="general", text="Who needs it?")
    decided = change_policy(Environment.objects.get(slug="spare"), user=admin, fields={"forbid_stamp": True})
    accepted = Api(token_of(admin)).post("/projects/shop/suppressions", {"rule": "AD101", "reason": "known"})
    ignored = ignore(database.project, user=User.objects.get(username="olga"), pattern="tmp_*", reason="not ours")
    grant = Grant.objects.create(team=Team.objects.create(name="Old"), role=Role.VIEWER)
    return {
        "username": "olga", "team": str(grant.team_id), "grant": str(grant.pk),
        "ignored": str(ignored.pk), "promotion": promotion["id"], "change": str(decided.pk), "suppression": accepted["id"],
        "slug": "shop", "revision": "one", "environment": "spare", "database": str(database.pk), "job": job["id"],
        "proposal": proposal["id"], "thread": str(thread.pk), "CHECKSUM": version.checksum,
        "ROOT": database.project.source_path, "DATABASE": str(database.pk),
    }  # fmt: skip


def filled(body: Any, world: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {name: filled(value, world) for name, value in body.items()}
    return world.get(body, body) if isinstance(body, str) else body


@pytest.mark.parametrize("role", ROLES)
def test_operation_answers_those_who_may(world: dict[str, str], role: str, subtests: pytest.Subtests) -> None:
    caller = Api(token_of(someone(role)))
    for operation in OPERATIONS:
        with subtests.test(operation), undone():
            status, answer = called(caller, operation, world)
            assert status in expected(operation, role), answer.content
            if role in OUTSIDERS and operation in LISTS:
                assert b"shop" not in answer.content


def called(caller: Api, operation: str, world: dict[str, str]) -> tuple[int, HttpResponse]:
    """Also that whoever is refused gets a problem document, and has changed nothing."""
    _, body, status = OPERATIONS[operation]
    method, path = operation.split()
    entries = AuditEntry.objects.count()
    answer = caller.call(method, path.format(**world), filled(body, world))
    if answer.status_code != status and answer.status_code < 500:
        problem_of(answer)
        assert AuditEntry.objects.count() == entries, "a refused call changes nothing"
    return answer.status_code, answer


def expected(operation: str, role: str) -> tuple[int, ...]:
    """Outsiders get lists, which are empty, and of what has a name they do not learn whether it is there."""
    needed, _, status = OPERATIONS[operation]
    if role in OUTSIDERS:
        return (200,) if operation in LISTS else (403, 404)
    return (status,) if role in needed else (403,)


def test_operation_answers_no_stranger(world: dict[str, str], subtests: pytest.Subtests) -> None:
    for operation in OPERATIONS:
        with subtests.test(operation):
            assert called(Api(None), operation, world)[0] == 401


def test_operation_takes_no_session_cookie(world: dict[str, str], admin: User, subtests: pytest.Subtests) -> None:
    """A page of another site can make a browser send its cookies; it cannot make it send a token."""
    caller = Api(None)
    caller.client.force_login(admin)
    for operation, (_, body, _) in OPERATIONS.items():
        method, path = operation.split()
        with subtests.test(operation):
            assert problem_of(caller.call(method, path.format(**world), filled(body, world)))["status"] == 401


@pytest.mark.parametrize("place", ["?token={}", "?access_token={}", "?authorization=Bearer%20{}", "?api_key={}"])
def test_token_in_an_address_is_not_taken(admin: User, place: str) -> None:
    answer = Api(None).call("GET", "/projects" + place.format(token_of(admin)))
    assert problem_of(answer)["status"] == 401


def test_documentation_is_open(client: Client) -> None:
    for operation in OPEN:
        assert client.get(f"/api/v1{operation.split()[1]}").status_code == 200


def test_role_that_changes_takes_effect_with_the_next_call(api: Api, admin: User, dev: Environment) -> None:
    assert api.call("PATCH", "/environments/dev", {"name": "a"}).status_code == 200
    User.objects.filter(pk=admin.pk).update(role=Role.VIEWER)
    assert api.call("PATCH", "/environments/dev", {"name": "b"}).status_code == 403
    User.objects.filter(pk=admin.pk).update(is_active=False)
    assert api.call("GET", "/environments/dev").status_code == 401


def test_refusal_names_the_role_that_is_needed(api_as: Callable[..., Api]) -> None:
    found = problem_of(api_as(Role.VIEWER).call("POST", "/environments", {"slug": "x", "name": "x"}))
    assert found["code"] == "forbidden"
    assert "Viewer" in found["detail"]
    assert "Administrator" in found["detail"]


def test_requester_does_not_decide_by_any_token(api: Api, admin: User, database: Database) -> None:
    job = api.post("/jobs", {"database": str(database.pk), "command": "upgrade"})
    second = Api(token_of(admin))
    assert ApiToken.objects.filter(user=admin).count() == 2
    for caller in (api, second):
        found = problem_of(caller.call("POST", f"/jobs/{job['id']}/approvals", {"decision": "approve"}))
        assert found["status"] == 403
    assert Job.objects.get().status == "queued"
