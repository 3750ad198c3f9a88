"""How anything about a proposal is asked for: a row that waits, its entry in the record, and the bell after the commit."""

from typing import Any

from django.db import transaction

from accounts.models import User
from audit.services import record
from config.doorbell import ring
from config.errors import Conflict
from jobs.proposals.errors import ProposalMoved
from migrations_store.models import Proposal, ProposalVersion

TASK = "jobs.tasks.generate_proposal"
UNDER_WAY = (Proposal.Status.QUEUED, Proposal.Status.RUNNING)
RESTING = (Proposal.Status.OPEN, Proposal.Status.EMPTY, Proposal.Status.FAILED)
WAITING_LIMIT = 50  # of one project: each is a run of the project's code


def save_new(proposal: Proposal, user: User) -> Proposal:
    with transaction.atomic():
        if Proposal.objects.filter(project=proposal.project, status__in=UNDER_WAY).count() >= WAITING_LIMIT:
            raise Conflict(f"{WAITING_LIMIT} proposals of {proposal.project} wait already. Nothing was asked for; try again later.")
        proposal.save()
        asked(proposal, user, "proposal.request")
    return proposal


def asked(proposal: Proposal, user: User, action: str, **facts: Any) -> None:
    record(
        user.username, action, str(proposal), project=proposal.project.slug, database=proposal.against, message=proposal.message,
        revision_id=proposal.revision_id, kind=proposal.kind, scratch=proposal.scratch, options=proposal.options, **facts,
    )  # fmt: skip
    transaction.on_commit(lambda: ring(TASK, proposal.pk))


def queue(proposal: Proposal, *, draft: dict[str, Any] | None) -> None:
    """Within a transaction. Conflict where a worker has it already, or where it is closed."""
    free = Proposal.objects.filter(pk=proposal.pk, status__in=RESTING)
    if not free.update(status=Proposal.Status.QUEUED, error=None, draft=draft, started_at=None, finished_at=None):
        proposal.refresh_from_db()
        if proposal.status == Proposal.Status.CLOSED:
            raise Conflict(f"{str(proposal).capitalize()} is closed. Open it again first.")
        raise Conflict(f"{str(proposal).capitalize()} is being made already.")


def require_newest(proposal: Proposal, expected: int) -> ProposalVersion:
    """After `queue`, which keeps others from adding one. Conflict, and nothing is changed, unless `expected` is the newest version."""
    newest = proposal.versions.order_by("-number").first()
    if newest is None:
        raise Conflict(f"{str(proposal).capitalize()} has no version yet.")
    if newest.number != expected:
        raise ProposalMoved.of(proposal, expected, newest.number)
    return newest
