"""Proposals: the address is there, the thing itself comes later, and says so."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from api.auth import user_of
from config.errors import NotFound
from environments.queries import get_database

router = Router(tags=["proposals"])


class NewProposal(Schema):
    database: str
    message: str = Field(max_length=200)


@router.post("", response={202: dict[str, Any]}, summary="Propose a revision from the models")
def create_proposal(request: HttpRequest, payload: NewProposal) -> tuple[int, dict[str, Any]]:
    get_database(user_of(request), payload.database)
    raise HttpError(501, "Proposals are not there yet. The command `check` already tells how models and database differ.")


@router.get("/{id}", response=dict[str, Any], summary="One proposal")
def get_proposal(request: HttpRequest, id: str) -> dict[str, Any]:
    raise NotFound(f"There is no proposal {id[:40]!r}.")
