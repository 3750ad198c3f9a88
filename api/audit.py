"""The record: who did what, chained by hashes."""

from datetime import UTC, datetime
from typing import Annotated, Any

from django.http import HttpRequest, StreamingHttpResponse
from ninja import Query, Router
from pydantic import BaseModel, Field

from accounts.permissions import Action, require
from api.auth import user_of
from api.paging import PageQuery, listed
from api.schemas import Listed, Moment, Shown, Time, of_kind
from api.times import shown
from audit import export, queries
from audit.models import AuditEntry

router = Router(tags=["audit"])
FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class AuditEntryShown(Shown):
    """`hash` covers the entry and the hash before it. `via` says by which way it came; null in entries from before that was kept."""

    seq: int
    at: Time
    actor: str
    action: str
    object: str
    detail: dict[str, Any]
    via: dict[str, str] | None
    hash: str
    previous_hash: str


class VerificationShown(Shown):
    """The last entry that holds, the first that does not, and what is wrong with it."""

    verified_through: int
    broken_at: int | None
    problem: str
    warnings: list[str]
    at: Time
    took_ms: float


class Chosen(BaseModel):
    """Which entries. An action that ends with a dot stands for all that begin so."""

    actor: str = Field("", max_length=200)
    action: str = Field("", max_length=64)
    object: str = Field("", max_length=300, description="A part of the object's name or of the reason; a request's id; an address.")
    environment: str = Field("", max_length=64)
    way: str = Field("", max_length=16, description="web, api, worker or command.")
    since: Moment | None = Field(None, ge=FIRST, le=LAST, description="This moment and later; ISO 8601 with a zone.")
    until: Moment | None = Field(None, ge=FIRST, le=LAST, description="Before this moment; ISO 8601 with a zone.")

    def filters(self) -> queries.Filters:
        return queries.Filters(**self.model_dump())


ChosenQuery = Annotated[Chosen, Query()]


@router.get("", response=Listed[AuditEntryShown], summary="Entries in ascending order")
def list_entries(
    request: HttpRequest, page: PageQuery, chosen: ChosenQuery, after: Annotated[int, Query(ge=0, le=2**62)] = 0
) -> dict[str, Any]:
    require(user_of(request), Action.AUDIT)
    return listed(queries.entries(chosen.filters()).filter(seq__gt=after), page, _shown)


@router.get("/verification", response=VerificationShown, summary="Whether the chain holds")
def verification(request: HttpRequest) -> dict[str, Any]:
    require(user_of(request), Action.AUDIT)
    found = queries.verify()
    told = {name: getattr(found, name) for name in ("verified_through", "broken_at", "problem", "warnings", "took_ms")}
    return told | {"at": shown(found.at)}


@router.get(
    "/export",
    summary="The entries as a file: csv, jsonl, or zip with its own checker",
    openapi_extra=of_kind(*(kind.split(";")[0] for kind in export.FORMATS.values())),
)
def export_entries(
    request: HttpRequest, chosen: ChosenQuery, format: Annotated[str, Query(max_length=10)] = "jsonl"
) -> StreamingHttpResponse:
    user = user_of(request)
    require(user, Action.AUDIT)
    return StreamingHttpResponse(export.taken(user.username, format, chosen.filters()), content_type=export.FORMATS[format])


def _shown(entries: list[AuditEntry]) -> list[dict[str, Any]]:
    names = ("seq", "actor", "action", "object", "detail", "via", "hash", "previous_hash")
    return [{"at": shown(entry.at), **{name: getattr(entry, name) for name in names}} for entry in entries]
