"""Proposals: the address is there, the thing itself comes later, and says so."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status
from ninja.errors import HttpError
from pydantic import Field

from accounts.permissions import Action, require
from api.auth import user_of
from api.schemas import Body, Shown
from config.errors import NotFound
from environments.queries import get_database

router = Router(tags=["proposals"])


class NewProposal(Body):
    """`message` becomes the revision's."""

    database: str
    message: str = Field(max_length=200)


class ProposalShown(Shown):
    """What the comparison of models and database found, as a candidate revision."""

    id: str
    status: str
    changes: list[Any]
    python: str | None
    sql: str | None
    findings: list[dict[str, Any]]


@router.post("", response={202: ProposalShown}, summary="Propose a revision from the models")
def create_proposal(request: HttpRequest, payload: NewProposal) -> Status[dict[str, Any]]:
    get_database(user_of(request), payload.database)
    require(user_of(request), Action.RUN)
    raise HttpError(501, "Proposals are not there yet. The command `check` already tells how models and database differ.")


@router.get("/{id}", response=ProposalShown, summary="One proposal")
def get_proposal(request: HttpRequest, id: str) -> dict[str, Any]:
    raise NotFound(f"There is no proposal {id[:40]!r}.")
