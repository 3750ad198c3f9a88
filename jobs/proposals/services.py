"""Asking for proposals from the models (those of other kinds: `kinds`), making them again, closing. A worker makes them: `work`."""

from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import Action, require_part
from audit.services import record
from config.errors import Conflict, Invalid
from environments import scratch as servers
from environments import urls
from environments.models import Database
from environments.permissions import require_on
from jobs.proposals import access, asking, fields, outcome
from migrations_store.models import Project, Proposal


def request_proposal(
    database: Database,
    *,
    user: User,
    message: str,
    revision_id: str = "",
    scratch: bool = False,
    options: dict[str, Any] | None = None,
) -> Proposal:
    """Asks for what autogenerate finds between the project's models and this database; nothing is written there, nor into the code.

    With `scratch` the models are compared with a new database of the same kind instead, to which all revisions were applied: Invalid
    where there is no server for it. Raises Forbidden without CHECK there.
    """
    require_on(user, Action.CHECK, database)
    proposal = Proposal(
        project=database.project,
        database=database,
        environment=database.environment,
        against=str(database),
        message=fields.message(message),
        revision_id=fields.revision_id(revision_id),
        scratch=scratch,
        options=fields.options(options or {}),
        requested_by=user,
    )
    if scratch:
        _require_scratch(urls.dialect(database.driver))
    return asking.save_new(proposal, user)


def request_on_scratch(
    project: Project, *, user: User, kind: str, message: str, revision_id: str = "", options: dict[str, Any] | None = None
) -> Proposal:
    """The same without any database or environment of the project: on a new database of this kind, to which all revisions are applied.

    Raises Forbidden for whoever may check nothing in the project, and Invalid where no scratch database of this kind can be made.
    """
    require_part(user, Action.CHECK, project=project)
    if kind not in servers.LABELS:
        raise Invalid(f"Use one of {', '.join(servers.LABELS)}.", {"scratch_kind": "Not a kind of database."})
    _require_scratch(kind)
    proposal = Proposal(project=project, against=f"scratch on {servers.LABELS[kind]}", scratch=True, scratch_kind=kind, requested_by=user)
    proposal.message, proposal.revision_id = fields.message(message), fields.revision_id(revision_id)
    proposal.options = fields.options(options or {})
    return asking.save_new(proposal, user)


def request_again(proposal: Proposal, *, user: User) -> Proposal:
    """Makes it anew from the code and the database as they are now: a further version of the same proposal. A draft is dropped."""
    access.require(user, Action.CHECK, proposal)
    if proposal.kind == Proposal.Kind.AUTOGENERATE and proposal.database is None and not proposal.scratch_kind:
        raise Conflict(f"The connection profile of {proposal.against} was deleted, so {proposal} cannot be made again.")
    with transaction.atomic():
        asking.queue(proposal, draft=None)
        asking.asked(proposal, user, "proposal.regenerate")
    proposal.refresh_from_db()
    return proposal


def close(proposal: Proposal, *, user: User) -> Proposal:
    """Takes it off the lists of what is to be done. Nothing of it is lost, and it can be opened again."""
    access.require(user, Action.CHECK, proposal)
    with transaction.atomic():
        if not Proposal.objects.filter(pk=proposal.pk, status__in=asking.RESTING).update(status=Proposal.Status.CLOSED):
            proposal.refresh_from_db()
            raise Conflict(f"{str(proposal).capitalize()} is {proposal.get_status_display().lower()}, so it cannot be closed now.")
        record(user.username, "proposal.close", str(proposal), project=proposal.project.slug)
    proposal.refresh_from_db()
    return proposal


def reopen(proposal: Proposal, *, user: User) -> Proposal:
    """Brings it back as it was: with its versions, its threads and its reviews."""
    access.require(user, Action.CHECK, proposal)
    with transaction.atomic():
        status = outcome.resting(proposal, proposal.versions.order_by("-number").first())
        if not Proposal.objects.filter(pk=proposal.pk, status=Proposal.Status.CLOSED).update(status=status):
            raise Conflict(f"{str(proposal).capitalize()} is not closed.")
        record(user.username, "proposal.reopen", str(proposal), project=proposal.project.slug)
    proposal.refresh_from_db()
    return proposal


def _require_scratch(kind: str) -> None:
    if sentence := servers.refusal(kind):
        raise Invalid.of("scratch", sentence)
