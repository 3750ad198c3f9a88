"""The record: who did what, chained by hashes."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router

from accounts.permissions import Action, require
from api.auth import user_of
from api.paging import PageQuery, listed
from api.schemas import Listed, Shown, Time
from api.times import shown
from audit import queries
from audit.models import AuditEntry

router = Router(tags=["audit"])


class AuditEntryShown(Shown):
    """`hash` covers the entry and the hash before it."""

    seq: int
    at: Time
    actor: str
    action: str
    object: str
    detail: dict[str, Any]
    hash: str
    previous_hash: str


class VerificationShown(Shown):
    """The last entry that holds, and the first that does not."""

    verified_through: int
    broken_at: int | None


@router.get("", response=Listed[AuditEntryShown], summary="Entries in ascending order")
def list_entries(
    request: HttpRequest,
    page: PageQuery,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    actor: Annotated[str, Query(max_length=200)] = "",
    action: Annotated[str, Query(max_length=64)] = "",
    object: Annotated[str, Query(max_length=300)] = "",
) -> dict[str, Any]:
    require(user_of(request), Action.AUDIT)
    return listed(queries.entries(actor=actor, action=action, object=object).filter(seq__gt=after), page, _shown)


@router.get("/verification", response=VerificationShown, summary="Whether the chain holds")
def verification(request: HttpRequest) -> dict[str, Any]:
    require(user_of(request), Action.AUDIT)
    found = queries.verify()
    return {"verified_through": found.verified_through, "broken_at": found.broken_at}


def _shown(entries: list[AuditEntry]) -> list[dict[str, Any]]:
    names = ("seq", "actor", "action", "object", "detail", "hash", "previous_hash")
    return [{"at": shown(entry.at), **{name: getattr(entry, name) for name in names}} for entry in entries]
