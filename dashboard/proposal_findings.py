"""The findings of a proposal as its page shows them."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

from accounts.models import User
from dashboard import finding_view
from environments.findings import blocking_in
from jobs.proposals.findings import findings_of, unasked
from migrations_store.models import ProposalVersion

OWN = gettext_lazy("You are the author of this proposal, so somebody else accepts what is found in it.")


def shown(version: ProposalVersion | None, user: User, *, is_author: bool) -> dict[str, Any]:
    """`found` of the upgrade and of the whole, `found_back` of the downgrade, and why squawk was not asked."""
    if version is None:
        return {"found": finding_view.shown([]), "found_back": finding_view.shown([]), "unasked": ""}
    proposal = version.proposal
    back = f"{reverse('proposal', args=[proposal.pk])}?tab=findings"
    why_not = str(OWN) if is_author and proposal.project.reviews_needed else ""
    accepting = finding_view.Accepting.by(user, proposal.project, back, why_not)
    told, blocking, source = findings_of(version), blocking_in(proposal.project), "?tab=python#L" if len(version.files) == 1 else ""
    ways = [[one for one in told if (one.direction == "downgrade") is downward] for downward in (False, True)]
    found, found_back = (finding_view.shown(way, accepting, source=source, blocking=blocking) for way in ways)
    return {"found": found, "found_back": found_back, "unasked": unasked(version)}
