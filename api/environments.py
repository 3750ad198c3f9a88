"""Environments."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status
from pydantic import Field, StrictBool, StrictInt

from api import policies
from api.auth import user_of
from api.paging import PageQuery, listed
from api.schemas import Body, Listed, Shown
from environments import queries, services, windows
from environments.models import Environment

router = Router(tags=["environments"])


class EnvironmentChanges(Body):
    """An ordered stage. `lock_timeout` and `statement_timeout` are seconds; 0 is no limit."""

    slug: str | None = None
    name: str | None = None
    position: StrictInt | None = None
    protected: StrictBool | None = None
    lock_timeout: StrictInt | None = None
    statement_timeout: StrictInt | None = None


class NewEnvironment(EnvironmentChanges):
    slug: str
    name: str


class EnvironmentShown(Shown):
    """The environment with all its limits."""

    slug: str
    name: str
    position: int
    protected: bool
    lock_timeout: int
    statement_timeout: int
    frozen: str = Field(description="Until when and why no job begins here; empty where it is not frozen.")


@router.post("", response={201: EnvironmentShown}, summary="Add an environment")
def create_environment(request: HttpRequest, payload: NewEnvironment) -> Status[dict[str, Any]]:
    return Status(201, environment_shown(services.create_environment(user=user_of(request), fields=payload.given())))


@router.get("", response=Listed[EnvironmentShown], summary="List environments in order")
def list_environments(request: HttpRequest, page: PageQuery) -> dict[str, Any]:
    return listed(queries.environments(user_of(request)), page, lambda rows: [environment_shown(row) for row in rows])


@router.get("/{slug}", response=EnvironmentShown, summary="One environment")
def get_environment(request: HttpRequest, slug: str) -> dict[str, Any]:
    return environment_shown(queries.get_environment(user_of(request), slug))


@router.patch("/{slug}", response={200: EnvironmentShown, 202: policies.Waits}, summary="Change an environment")
def change_environment(request: HttpRequest, slug: str, payload: EnvironmentChanges) -> Status[dict[str, Any]]:
    """Protection, position and timeouts of a protected one wait for a second person (202); its slug and name are changed."""
    environment = queries.get_environment(user_of(request), slug)
    change = services.update_environment(environment, user=user_of(request), fields=payload.given())
    return policies.waits(change) if change else Status(200, environment_shown(environment))


@router.delete("/{slug}", response={204: None}, summary="Delete an empty environment")
def delete_environment(request: HttpRequest, slug: str) -> Status[None]:
    services.delete_environment(queries.get_environment(user_of(request), slug), user=user_of(request))
    return Status(204, None)


def environment_shown(environment: Environment) -> dict[str, Any]:
    names = ("slug", "name", "position", "protected", "lock_timeout", "statement_timeout")
    return {name: getattr(environment, name) for name in names} | {"frozen": windows.frozen(environment, timezone.now())}
