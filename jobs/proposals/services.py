"""Asking for proposals. A worker makes them: jobs.proposals.work."""

from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.permissions import Action, require
from audit.services import record
from config.doorbell import ring
from config.errors import Conflict, Invalid
from environments import urls
from environments.models import Database
from jobs.proposals import fields
from migrations_store.models import Proposal

TASK = "jobs.tasks.generate_proposal"
UNDER_WAY = (Proposal.Status.QUEUED, Proposal.Status.RUNNING)
WAITING_LIMIT = 50  # of one project: each is a run of the project's code


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

    With `scratch` the models are compared with a new database of the same kind instead, to which all revisions were applied: only for
    SQLite, and Invalid for others. Raises Forbidden without CHECK there.
    """
    require(user, Action.CHECK, project=database.project, environment=database.environment)
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
        _require_scratch(database)
    with transaction.atomic():
        if Proposal.objects.filter(project=database.project, status__in=UNDER_WAY).count() >= WAITING_LIMIT:
            raise Conflict(f"{WAITING_LIMIT} proposals of {database.project} wait already. Nothing was asked for; try again later.")
        proposal.save()
        _asked(proposal, user, "proposal.request")
    return proposal


def request_again(proposal: Proposal, *, user: User) -> Proposal:
    """Makes it anew from the code and the database as they are now: a further version of the same proposal."""
    require(user, Action.CHECK, project=proposal.project, environment=proposal.environment)
    if proposal.database is None:
        raise Conflict(f"The connection profile of {proposal.against} was deleted, so {proposal} cannot be made again.")
    with transaction.atomic():
        free = Proposal.objects.filter(pk=proposal.pk).exclude(status__in=UNDER_WAY)
        if not free.update(status=Proposal.Status.QUEUED, error=None, started_at=None, finished_at=None):
            raise Conflict(f"{str(proposal).capitalize()} is being made already.")
        _asked(proposal, user, "proposal.regenerate")
    proposal.refresh_from_db()
    return proposal


def _asked(proposal: Proposal, user: User, action: str) -> None:
    record(
        user.username, action, str(proposal), project=proposal.project.slug, database=proposal.against, message=proposal.message,
        revision_id=proposal.revision_id, scratch=proposal.scratch, options=proposal.options,
    )  # fmt: skip
    transaction.on_commit(lambda: ring(TASK, proposal.pk))


def _require_scratch(database: Database) -> None:
    if urls.dialect(database.driver) == "sqlite":
        return
    sentence = (
        "A scratch database can be made for SQLite alone: the dashboard makes no databases on your servers. Register an empty database of "
        "this kind as a connection profile, bring it to head with a job, and compare with that."
    )
    raise Invalid(sentence, {"scratch": sentence})
