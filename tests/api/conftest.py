"""The API is called as programs call it: by HTTP, with a bearer token, on a real project."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from accounts.services import create_token
from environments import services as environments
from environments.models import Database
from tests.environments.conftest import write_version
from tests.jobs.conftest import (  # noqa: F401 fixtures of the shop project
    add_database,
    add_environment,
    admin,
    database,
    dev,
    project,
    root,
    run,
)

NOTHING = object()


class Api:
    """One user's view of /api/v1. A body that is bytes is sent as it is, anything else as JSON."""

    def __init__(self, token: str | None) -> None:
        self.client = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def call(self, method: str, path: str, body: Any = NOTHING, *, kind: str = "application/json", **headers: str) -> HttpResponse:
        data = b"" if body is NOTHING else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        answer: HttpResponse = self.client.generic(method, f"/api/v1{path}", data, content_type=kind, headers=sent)
        return answer

    def get(self, path: str, **headers: str) -> Any:
        """The JSON of an answer that has to be 200."""
        return self.done(200, "GET", path, **headers)

    def post(self, path: str, body: Any = NOTHING, want: int = 201, **headers: str) -> Any:
        return self.done(want, "POST", path, body, **headers)

    def patch(self, path: str, body: Any) -> Any:
        return self.done(200, "PATCH", path, body)

    def done(self, want: int, method: str, path: str, body: Any = NOTHING, **headers: str) -> Any:
        answer = self.call(method, path, body, **headers)
        assert answer.status_code == want, (answer.status_code, answer.content)
        return json.loads(answer.content) if answer.content else None


def problem_of(answer: HttpResponse) -> dict[str, Any]:
    """The problem document of a refusal (RFC 9457), looked over."""
    assert 400 <= answer.status_code < 500, (answer.status_code, answer.content)
    assert answer["Content-Type"] == "application/problem+json"
    found: dict[str, Any] = json.loads(answer.content)
    assert {"type", "title", "status", "detail", "code"} <= found.keys() <= {"type", "title", "status", "detail", "code", "errors"}
    assert found["status"] == answer.status_code
    assert found["type"] == f"urn:alembic-dashboard:{found['code']}"
    assert len(found["detail"]) > 15, "a sentence"
    assert found["detail"].rstrip("\"'").endswith((".", "…", "?")), found["detail"]
    assert "Traceback" not in found["detail"]
    return found


def token_of(user: User) -> str:
    return create_token(user, by=user, name="tests")[1]


def stamp(target: Database, *revisions: str) -> None:
    """Writes the version table of an SQLite database, and reads it."""
    write_version(Path(target.database), *revisions)
    environments.check_database_now(target)
    target.refresh_from_db()


@pytest.fixture(autouse=True)
def no_preview_is_waited_for(settings: Any) -> None:
    """No worker writes one here."""
    settings.PREVIEW_TIMEOUT = -2


@pytest.fixture
def api(admin: User) -> Api:  # noqa: F811 the fixture of that name
    """As an administrator."""
    return Api(token_of(admin))


@pytest.fixture
def api_as(db: None) -> Callable[[str], Api]:
    """As a new user of the role; None is nobody."""

    def call_as(role: str | None) -> Api:
        return Api(token_of(User.objects.create_user(f"{role}-1", password="correct horse", role=role)) if role else None)

    return call_as
