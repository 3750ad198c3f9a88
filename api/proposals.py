"""Proposals: candidate revisions that autogenerate found between the models and a database. Nothing of them is written anywhere."""

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from accounts.models import User
from api import times
from api.auth import user_of
from api.findings import FindingShown
from api.paging import PageQuery, listed
from api.schemas import Body, Listed, Shown, Time
from config.errors import Invalid
from environments.queries import get_database
from jobs.proposals import kinds, queries, services
from jobs.proposals.findings import findings_of, unasked
from migrations_store.models import Proposal
from migrations_store.queries import get_project

router = Router(tags=["proposals"])


class NewProposal(Body):
    """`kind` is autogenerate, empty (`alembic revision`), merge (of the `heads`) or reparent (the line that ends in the head `move` goes
    on top of the head `onto`); all but the first name a `project` and no database. `message` becomes the revision's. `scratch` compares
    the models with a new database to which all revisions were applied, not with this one. In place of `database`, `project` and
    `scratch_kind` (sqlite, postgresql, mysql) ask for that without any environment. The last five are the options of
    `alembic revision`."""

    database: str = ""
    project: str = ""
    scratch_kind: str = ""
    kind: Literal["autogenerate", "empty", "merge", "reparent"] = "autogenerate"
    message: str = Field("", max_length=2000)
    revision_id: str = Field("", max_length=200)
    scratch: bool = False
    heads: list[str] = []
    move: str = ""
    onto: str = ""
    head: str = ""
    splice: bool = False
    branch_label: str = ""
    version_path: str = ""
    depends_on: list[str] = []


class ProposalInList(Shown):
    """`status` is queued, running, open, empty (no differences), failed or closed; `summary` counts what was added, removed and changed,
    and how many of these lose data."""

    id: str
    kind: str
    project: str
    database: str | None
    against: str
    message: str
    scratch: bool
    status: str
    summary: dict[str, int]
    requested_by: str
    created_at: Time
    finished_at: Time | None


class ProposalShown(ProposalInList):
    """The newest version. `changes` has one entry for each object that differs, `sql` is the upgrade for the database's own kind, and
    `dialects` maps each dialect to its `upgrade` and `downgrade`, each `{sql, sql_unavailable}`. `red_flags` are to be read first,
    `rows` is how many the tables hold, `blind_spots` is what autogenerate cannot see; `unasked` says why squawk had no part in the
    findings, if so."""

    version: int
    revision: str
    down_revisions: list[str]
    path: str
    checksum: str
    changes: list[dict[str, Any]]
    python: str | None
    sql: str | None
    dialects: dict[str, Any]
    findings: list[FindingShown]
    unasked: str
    red_flags: list[str]
    rows: dict[str, Any]
    blind_spots: list[str]
    error: dict[str, Any] | None
    review: dict[str, Any]


@router.post("", response={202: ProposalShown}, summary="Propose a revision from the models, or one of another kind")
def create_proposal(request: HttpRequest, payload: NewProposal) -> Status[dict[str, Any]]:
    user = user_of(request)
    made = _compared(user, payload) if payload.kind == "autogenerate" else _of_code(user, payload)
    return Status(202, proposal_shown(made))


def _compared(user: User, payload: NewProposal) -> Proposal:
    if bool(payload.database) == bool(payload.project and payload.scratch_kind):
        raise Invalid("Name a database, or a project with a scratch_kind.", {"database": "Name it, or project and scratch_kind."})
    asked: dict[str, Any] = {"user": user, "options": _options(payload)} | payload.model_dump(include={"message", "revision_id"})
    if not payload.database:
        return services.request_on_scratch(get_project(user, payload.project), kind=payload.scratch_kind, **asked)
    return services.request_proposal(get_database(user, payload.database), scratch=payload.scratch, **asked)


def _of_code(user: User, payload: NewProposal) -> Proposal:
    if not payload.project:
        raise Invalid("Name the project.", {"project": "Name the project."})
    project = get_project(user, payload.project)
    if payload.kind == "merge":
        asked = payload.model_dump(include={"heads", "message", "branch_label", "revision_id"})
        return kinds.request_merge(project, user=user, **asked)
    if payload.kind == "reparent":
        return kinds.request_reparent(project, user=user, head=payload.move, onto=payload.onto)
    return kinds.request_empty(project, user=user, message=payload.message, revision_id=payload.revision_id, options=_options(payload))


def _options(payload: NewProposal) -> dict[str, Any]:
    return payload.model_dump(include={"head", "splice", "branch_label", "version_path", "depends_on"})


@router.get("", response=Listed[ProposalInList], summary="Proposals, newest first")
def list_proposals(request: HttpRequest, page: PageQuery, project: str = "", status: str = "") -> dict[str, Any]:
    user = user_of(request)
    found = queries.proposals(user, project=get_project(user, project) if project else None, status=status)
    return listed(found, page, lambda rows: [_in_list(proposal) for proposal in rows])


@router.get("/{id}", response=ProposalShown, summary="One proposal")
def get_proposal(request: HttpRequest, id: str) -> dict[str, Any]:
    return proposal_shown(queries.get_proposal(user_of(request), id))


def proposal_shown(proposal: Proposal) -> dict[str, Any]:
    """The contract's proposal, with what else the page shows."""
    stands = queries.standing(proposal)
    version = queries.newest_version(proposal)
    files = version.files if version else []
    first = files[0] if files else {}
    dialects = first.get("sql") or {}
    own = dialects.get(next(iter(dialects), "")) or {}
    return _in_list(proposal) | {
        "version": version.number if version else 0,
        "revision": first.get("revision", ""),
        "down_revisions": first.get("down_revisions", []),
        "path": first.get("path", ""),
        "checksum": version.checksum if version else "",
        "changes": version.changes if version else [],
        "python": "\n\n".join(file["python"] for file in files) or None,
        "sql": (own.get("upgrade") or {}).get("sql"),
        "dialects": dialects,
        "findings": [finding.as_json() for finding in findings_of(version)] if version else [],
        "unasked": unasked(version) if version else "",
        "red_flags": version.red_flags if version else [],
        "rows": version.facts.get("rows", {}) if version else {},
        "blind_spots": version.blind_spots if version else [],
        "error": proposal.error,
        "review": {name: getattr(stands, name) for name in ("state", "approvals", "needed", "sentence")},
    }


def _in_list(proposal: Proposal) -> dict[str, Any]:
    return {
        "id": str(proposal.pk),
        "kind": proposal.kind,
        "project": proposal.project.slug,
        "database": str(proposal.database_id) if proposal.database_id else None,
        "against": proposal.against,
        "message": proposal.message,
        "scratch": proposal.scratch,
        "status": proposal.status,
        "summary": proposal.summary,
        "requested_by": proposal.requested_by.username,
        "created_at": times.shown(proposal.created_at),
        "finished_at": times.shown(proposal.finished_at),
    }
