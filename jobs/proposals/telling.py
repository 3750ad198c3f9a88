"""Notices about proposals. Each is written in the transaction of the change that it tells of."""

from collections.abc import Iterable

from accounts.models import User
from accounts.permissions import Action
from jobs.proposals import access
from jobs.proposals.standing import authors
from migrations_store.models import Proposal, ProposalPush, ProposalVersion, Review, ReviewDecision, Thread, ThreadKind
from notices.models import Kind
from notices.services import tell

SHOWN = 200  # characters of what was said


def review_wanted(proposal: Proposal, version: ProposalVersion) -> None:
    """To everybody whose word would count."""
    people = access.people_who_may(Action.REVIEW, proposal).exclude(pk__in=authors(proposal, version))
    who, what, again = proposal.requested_by.display_name, _what(proposal), version.number > 1
    text = f"{who} asks for a review of {what}, now in version {version.number}." if again else f"{who} asks for a review of {what}."
    _tell(Kind.REVIEW_WANTED, proposal, text, people)


def reviewed(proposal: Proposal, review: Review) -> None:
    """To the authors."""
    who, what = review.user.display_name, _what(proposal)
    kinds = {
        ReviewDecision.APPROVE: (Kind.PROPOSAL_APPROVED, f"{who} approved {what}"),
        ReviewDecision.REQUEST_CHANGES: (Kind.CHANGES_REQUESTED, f"{who} asked for changes to {what}"),
        ReviewDecision.COMMENT: (Kind.PROPOSAL_REPLY, f"{who} commented on {what}"),
    }
    kind, told = kinds[ReviewDecision(review.decision)]
    people = User.objects.filter(pk__in=authors(proposal, review.version)).exclude(pk=review.user_id)
    _tell(kind, proposal, told + _saying(review.comment), people)


def said(thread: Thread, speaker: User, text: str, version: ProposalVersion | None) -> None:
    """To the authors, and to everybody who has spoken in the thread."""
    proposal = thread.proposal
    ids = authors(proposal, version) | set(thread.comments.values_list("user", flat=True))
    who, what = speaker.display_name, _what(proposal)
    places = {ThreadKind.OBJECT: f"{who} wrote about an object of {what}", ThreadKind.LINE: f"{who} wrote on a line of {what}"}
    people = User.objects.filter(pk__in=ids - {speaker.pk})
    told = places.get(ThreadKind(thread.kind), f"{who} wrote on {what}")
    _tell(Kind.PROPOSAL_REPLY, proposal, told + _saying(text), people, thread)


def pushed(push: ProposalPush, error: str) -> None:
    """To whoever asked for it, and to the authors."""
    proposal = push.proposal
    people = User.objects.filter(pk__in=authors(proposal, push.version) | {push.by_id})
    did = f"could not be pushed: {error}" if error else f"was pushed as branch {push.branch}."
    _tell(Kind.PROPOSAL_PUSHED, proposal, f"Proposal {proposal.pk} for {proposal.project.slug} {did}", people)


def _tell(kind: Kind, proposal: Proposal, text: str, people: Iterable[User], thread: Thread | None = None) -> None:
    place = {"project": proposal.project, "environment": proposal.environment}
    url = f"/proposals/{proposal.pk}/" + (f"?tab=discussion#thread-{thread.pk}" if thread else "")
    tell(kind, text=text, url=url, people=people, **place)


def _what(proposal: Proposal) -> str:
    return f"proposal {proposal.pk} for {proposal.project.slug}: {proposal.message}"


def _saying(text: str) -> str:
    text = " ".join(text.split())
    return f". “{text if len(text) <= SHOWN else f'{text[:SHOWN]}…'}”" if text else "."
