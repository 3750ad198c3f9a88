"""Databases: connection profiles with their last read state. A password goes in and never comes out."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import StrictBool

from api import policies
from api.auth import user_of
from api.paging import PageQuery, listed
from api.schemas import Body, Listed, Shown, Time
from api.times import shown
from environments import queries, services, urls
from environments.models import Database
from jobs.queries import active_jobs

router = Router(tags=["databases"])


class DatabaseChanges(Body):
    """`url` is a SQLAlchemy URL; the answer shows `***` in place of its password."""

    project: str | None = None
    environment: str | None = None
    name: str | None = None
    url: str | None = None
    version_table: str | None = None
    version_table_schema: str | None = None
    create_if_missing: StrictBool | None = None


class NewDatabase(DatabaseChanges):
    project: str
    environment: str
    url: str


class DatabaseShown(Shown):
    """`current` and `pending` are what `checked_at` saw; `error` says why the last reading failed. `differences` is how many the last
    check of its models found there, without those that are ignored; 0 also where none was made since it moved."""

    id: str
    project: str
    environment: str
    name: str
    url: str
    version_table: str
    version_table_schema: str
    create_if_missing: bool
    state: str
    current: list[str]
    pending: list[str]
    pending_count: int
    differences: int
    server: str
    checked_at: Time | None
    error: str | None
    error_code: str | None
    active_job: str | None


class CheckShown(Shown):
    """`checked_at` is of the reading before; a later one is the answer to this call."""

    database: str
    checked_at: Time | None


@router.post("", response={201: DatabaseShown}, summary="Register a database")
def create_database(request: HttpRequest, payload: NewDatabase) -> Status[dict[str, Any]]:
    return Status(201, _shown([services.create_database(user=user_of(request), fields=_given(payload))])[0])


@router.get("", response=Listed[DatabaseShown], summary="List databases")
def list_databases(
    request: HttpRequest,
    page: PageQuery,
    project: Annotated[str, Query(max_length=100)] = "",
    environment: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[str, Query(max_length=100)] = "",
    *,
    differing: bool | None = None,
) -> dict[str, Any]:
    found = queries.databases(user_of(request), project=project, environment=environment, state=state, differing=differing)
    return listed(found, page, _shown)


@router.get("/{id}", response=DatabaseShown, summary="One database")
def get_database(request: HttpRequest, id: str) -> dict[str, Any]:
    return _shown([queries.get_database(user_of(request), id)])[0]


@router.patch("/{id}", response={200: DatabaseShown, 202: policies.Waits}, summary="Change a database's profile")
def change_database(request: HttpRequest, id: str, payload: DatabaseChanges) -> Status[dict[str, Any]]:
    """Moving it out of a protected environment waits for a second person (202); the rest is changed."""
    database = queries.get_database(user_of(request), id)
    services.update_database(database, user=user_of(request), fields=_given(payload))
    move = queries.waiting_move(database) if payload.environment not in (None, database.environment.slug) else None
    return policies.waits(move) if move else Status(200, _shown([database])[0])


@router.delete("/{id}", response={204: None}, summary="Forget a database")
def delete_database(request: HttpRequest, id: str) -> Status[None]:
    services.delete_database(queries.get_database(user_of(request), id), user=user_of(request))
    return Status(204, None)


@router.post("/{id}/checks", response={202: CheckShown}, summary="Read the version table now")
def check_database(request: HttpRequest, id: str) -> Status[dict[str, Any]]:
    database = queries.get_database(user_of(request), id)
    services.request_check(database, user=user_of(request))
    return Status(202, {"database": str(database.pk), "checked_at": shown(database.checked_at)})


def _given(payload: DatabaseChanges) -> dict[str, Any]:
    return {name: "" if value is None else value for name, value in payload.given().items()}


def _shown(databases: list[Database]) -> list[dict[str, Any]]:
    active = active_jobs(databases)
    return [_facts(database) | {"active_job": str(active[database.pk].pk) if database.pk in active else None} for database in databases]


def _facts(database: Database) -> dict[str, Any]:
    names = (
        "name", "version_table", "version_table_schema", "create_if_missing", "state", "current", "pending", "pending_count", "server",
        "differences",
    )  # fmt: skip
    return {
        "id": str(database.pk),
        "project": database.project.slug,
        "environment": database.environment.slug,
        "url": urls.shown(database),
        **{name: getattr(database, name) for name in names},
        "checked_at": shown(database.checked_at),
        "error": database.error or None,
        "error_code": database.error_code or None,
    }
