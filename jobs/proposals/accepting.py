"""Accepting findings, by somebody else than the author of the proposal that has them."""

from datetime import datetime

from accounts.models import User
from accounts.permissions import Action, require
from config.errors import Forbidden
from jobs.proposals.findings import findings_of
from jobs.proposals.standing import authors_of
from migrations_store import suppressions
from migrations_store.models import Project, Proposal, ProposalVersion, Suppression

OWN = (
    "{proposal} is yours, and {rule} is found in it: somebody else who may review has to accept that, by no token of yours either. "
    "Nothing was accepted."
)


def accept(
    project: Project, *, user: User, rule: str, reason: str, expires_at: datetime | None,
    revision: str | None = None, object: str | None = None,
) -> Suppression:  # fmt: skip
    """As migrations_store.suppressions.suppress; Forbidden where it would cover a finding of an open proposal of the user's own.

    A project that asks for no review is one person's, who accepts their own findings.
    """
    require(user, Action.REVIEW, project=project)
    wanted = Suppression(project=project, rule=rule, revision=revision or None, object=object or None)
    if project.reviews_needed and (own := _own(wanted, user)):
        raise Forbidden(OWN.format(proposal=str(own).capitalize(), rule=rule))
    return suppressions.suppress(project, user=user, rule=rule, reason=reason, expires_at=expires_at, revision=revision, object=object)


def _own(wanted: Suppression, user: User) -> Proposal | None:
    """The open proposal of the user's own of which it would cover a finding."""
    for version in _newest_of(wanted.project, user):
        if any(suppressions.covers(wanted, finding) for finding in findings_of(version)):
            return version.proposal
    return None


def _newest_of(project: Project, user: User) -> list[ProposalVersion]:
    """The newest versions of the open proposals whose author the user is. Three queries."""
    versions = ProposalVersion.objects.filter(proposal__project=project, proposal__status=Proposal.Status.OPEN)
    newest = {
        version.proposal_id: version
        for version in versions.select_related("proposal__project").order_by("number").defer("files", "changes")
    }
    wrote = authors_of(version.proposal for version in newest.values())
    return [version for id, version in newest.items() if user.pk in wrote[id]]
