"""What is made of a proposal, and how it leaves: versions, edits, renames, closing, file, patch, pushes."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status
from pydantic import Field

from api import times
from api.auth import user_of
from api.paging import PageQuery, listed
from api.proposals import ProposalShown, proposal_shown
from api.schemas import Body, Listed, Shown, Time, of_kind
from config.errors import NotFound
from jobs.proposals import editing, patches, pushing, queries, services
from migrations_store.models import ProposalPush, ProposalVersion

router = Router(tags=["proposals"])


class VersionShown(Shown):
    """`origin` is made, renamed or edited; `author` is null where a worker made it as it was asked for."""

    number: int
    origin: str
    author: str | None
    note: str
    checksum: str
    created_at: Time


class NewEdit(Body):
    """`python` takes the place of the file at `path` (empty: the only one) in `version`, which has to be the newest (409)."""

    python: str
    version: int
    path: str = ""
    note: str = Field("", max_length=300)


class NewRename(Body):
    """`key` is that of an entry of `changes` whose `rename_guess` is accepted; `version` has to be the newest (409)."""

    key: str = Field(max_length=1000)
    version: int


class Closing(Body):
    closed: bool


class NewPush(Body):
    """Empty: `alembic/<revision>-<message>`, and the name and e-mail of whoever asks."""

    branch: str = Field("", max_length=255)
    name: str = Field("", max_length=200)
    email: str = Field("", max_length=254)


class PushShown(Shown):
    """`status` is queued, running, done or failed, then `error` says why; `url` is where a pull request is opened."""

    id: str
    version: int
    branch: str
    base: str
    commit: str
    url: str
    status: str
    error: dict[str, Any] | None
    by: str
    at: Time
    finished_at: Time | None


@router.get("/{id}/versions", response=Listed[VersionShown], summary="The versions of a proposal, newest first")
def list_versions(request: HttpRequest, id: str, page: PageQuery) -> dict[str, Any]:
    found = queries.get_proposal(user_of(request), id)
    return listed(queries.versions(found).defer("files", "changes", "facts"), page, lambda rows: [_version_shown(row) for row in rows])


@router.post("/{id}/versions", response={202: ProposalShown}, summary="Make it again, as a further version")
def make_again(request: HttpRequest, id: str) -> Status[dict[str, Any]]:
    user = user_of(request)
    return Status(202, proposal_shown(services.request_again(queries.get_proposal(user, id), user=user)))


@router.post("/{id}/edits", response={202: ProposalShown}, summary="Edit the file, as a further version")
def edit(request: HttpRequest, id: str, payload: NewEdit) -> Status[dict[str, Any]]:
    user, given = user_of(request), payload.model_dump()
    expected = given.pop("version")
    return Status(202, proposal_shown(editing.edit(queries.get_proposal(user, id), user=user, expected_version=expected, **given)))


@router.delete("/{id}/draft", response={204: None}, summary="Drop an edit or a rename that was not taken")
def drop_draft(request: HttpRequest, id: str) -> Status[None]:
    user = user_of(request)
    editing.drop_draft(queries.get_proposal(user, id), user=user)
    return Status(204, None)


@router.post("/{id}/renames", response={202: ProposalShown}, summary="Accept a guessed rename, as a further version")
def rename(request: HttpRequest, id: str, payload: NewRename) -> Status[dict[str, Any]]:
    user = user_of(request)
    found = queries.get_proposal(user, id)
    made = editing.treat_as_rename(found, user=user, key=payload.key, expected_version=payload.version)
    return Status(202, proposal_shown(made))


@router.put("/{id}/closing", response=ProposalShown, summary="Close a proposal, or open it again")
def close(request: HttpRequest, id: str, payload: Closing) -> dict[str, Any]:
    user = user_of(request)
    act = services.close if payload.closed else services.reopen
    return proposal_shown(act(queries.get_proposal(user, id), user=user))


@router.get("/{id}/file", summary="The newest version's file, as text", openapi_extra=of_kind("text/x-python"))
def get_file(request: HttpRequest, id: str) -> HttpResponse:
    return _text(patches.file_of(_newest(request, id))[1], "text/x-python")


@router.get("/{id}/patch", summary="The newest version as a patch, for git am and git apply", openapi_extra=of_kind("text/x-patch"))
def get_patch(request: HttpRequest, id: str) -> HttpResponse:
    return _text(patches.patch_of(_newest(request, id)), "text/x-patch")


@router.get("/{id}/pushes", response=Listed[PushShown], summary="Pushes of a proposal, newest first")
def list_pushes(request: HttpRequest, id: str, page: PageQuery) -> dict[str, Any]:
    found = queries.get_proposal(user_of(request), id)
    rows = found.pushes.select_related("by", "version").defer("version__files", "version__changes", "version__facts")
    return listed(rows, page, lambda some: [_push_shown(push) for push in some])


@router.post("/{id}/pushes", response={202: PushShown}, summary="Push the newest version as a new branch")
def push(request: HttpRequest, id: str, payload: NewPush) -> Status[dict[str, Any]]:
    user = user_of(request)
    made = pushing.request_push(queries.get_proposal(user, id), user=user, **payload.model_dump())
    return Status(202, _push_shown(made))


def _newest(request: HttpRequest, id: str) -> ProposalVersion:
    found = queries.get_proposal(user_of(request), id)
    version = queries.newest_version(found)
    if version is None or not version.files:
        raise NotFound(f"There is no file of {found} yet.")
    return version


def _text(text: str, kind: str) -> HttpResponse:
    return HttpResponse(text, content_type=f"{kind}; charset=utf-8")


def _version_shown(version: ProposalVersion) -> dict[str, Any]:
    plain = {name: getattr(version, name) for name in ("number", "origin", "note", "checksum")}
    return plain | {"author": version.author.username if version.author else None, "created_at": times.shown(version.created_at)}


def _push_shown(push: ProposalPush) -> dict[str, Any]:
    plain = {name: getattr(push, name) for name in ("branch", "base", "commit", "url", "status", "error")}
    named = {"id": str(push.pk), "version": push.version.number, "by": push.by.username}
    return plain | named | {"at": times.shown(push.at), "finished_at": times.shown(push.finished_at)}
