"""Findings that a project accepts, with a reason and an end."""

from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from api.auth import user_of
from api.paging import PageQuery, listed
from api.schemas import Body, Listed, Moment, Shown, Time
from api.times import shown
from jobs.proposals import accepting
from migrations_store import suppressions
from migrations_store.findings.registry import RULES
from migrations_store.models import Suppression
from migrations_store.queries import get_project

router = Router(tags=["findings"])


class NewSuppression(Body):
    """`revision` and `object` are those of the finding; null is every one. Without `expires_at` it holds until somebody takes it back."""

    rule: str
    reason: str
    revision: str | None = None
    object: str | None = None
    expires_at: Annotated[Moment | None, Field(description="ISO 8601 with a zone, within a year.")] = None


class SuppressionShown(Shown):
    """`expired`: its end has come, so that the finding counts again."""

    id: str
    rule: str
    title: str
    revision: str | None
    object: str | None
    reason: str
    by: str
    created_at: Time
    expires_at: Time | None
    expired: bool


@router.get("/{slug}/suppressions", response=Listed[SuppressionShown], summary="Accepted findings, newest first")
def list_suppressions(request: HttpRequest, slug: str, page: PageQuery, *, active: bool = False) -> dict[str, Any]:
    user = user_of(request)
    found = suppressions.listed(user, get_project(user, slug), only_active=active)
    return listed(found, page, lambda rows: [_shown(row) for row in rows])


@router.post("/{slug}/suppressions", response={201: SuppressionShown}, summary="Accept what a rule finds")
def create_suppression(request: HttpRequest, slug: str, payload: NewSuppression) -> Status[dict[str, Any]]:
    user = user_of(request)
    until: datetime | None = payload.expires_at
    given = payload.model_dump(exclude={"expires_at"})
    return Status(201, _shown(accepting.accept(get_project(user, slug), user=user, expires_at=until, **given)))


@router.delete("/{slug}/suppressions/{id}", response={204: None}, summary="Take it back: the finding counts again")
def delete_suppression(request: HttpRequest, slug: str, id: str) -> Status[None]:
    user = user_of(request)
    suppressions.unsuppress(get_project(user, slug), id, user=user)
    return Status(204, None)


def _shown(one: Suppression) -> dict[str, Any]:
    names = ("rule", "revision", "object", "reason", "by")
    times = {"created_at": shown(one.created_at), "expires_at": shown(one.expires_at), "expired": one.is_over}
    title = RULES[one.rule].title if one.rule in RULES else ""
    return {"id": str(one.pk), "title": title, **{name: getattr(one, name) for name in names}, **times}
