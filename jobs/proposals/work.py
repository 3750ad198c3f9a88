"""The worker's side of a proposal: one that waits is made, and what comes of it is kept."""

from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone

from config.doorbell import ring
from config.errors import Refused
from jobs.proposals import outcome
from jobs.proposals.comparing import Comparing
from jobs.proposals.making import Making, NotMade, problem
from jobs.proposals.revising import Redoing, Revising
from migrations_store.models import Proposal

TASK = "jobs.tasks.generate_proposal"
VANISHED = "The worker that made it has vanished. Nothing was written anywhere; make it again."


def generate(proposal_id: int) -> None:
    """Makes one proposal that waits; one at a time, so that readings find a free worker too."""
    if Proposal.objects.filter(status=Proposal.Status.RUNNING).exclude(pk=proposal_id).exists():
        return
    waiting = Proposal.objects.filter(pk=proposal_id, status=Proposal.Status.QUEUED)
    if not waiting.update(status=Proposal.Status.RUNNING, started_at=Now()):
        return
    related = Proposal.objects.select_related("project", "database__project", "database__environment", "requested_by")
    proposal = related.get(pk=proposal_id)
    try:
        outcome.keep(proposal, _making(proposal).version())
    except NotMade as refused:
        outcome.failed(proposal, refused.error)
    except Refused as refused:
        outcome.failed(proposal, problem(refused.code, refused.title, str(refused)))
    finally:
        ring_next()


def _making(proposal: Proposal) -> Making:
    if proposal.draft:
        return Redoing(proposal)
    return Comparing(proposal) if proposal.kind == Proposal.Kind.AUTOGENERATE else Revising(proposal)


def sweep() -> None:
    """What still waits is rung for, and what nobody makes any more has failed."""
    limit = timezone.now() - timedelta(seconds=2 * settings.PROPOSAL_TIMEOUT + 60)
    for lost in Proposal.objects.filter(status=Proposal.Status.RUNNING, started_at__lt=limit):
        outcome.failed(lost, problem("worker_lost", "It was not finished", VANISHED))
    ring_next()


def ring_next() -> None:
    first = Proposal.objects.filter(status=Proposal.Status.QUEUED).order_by("pk").values_list("pk", flat=True).first()
    if first is not None:
        ring(TASK, first)
