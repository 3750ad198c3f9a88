"""Reading proposals: those that the user may look at, and no others."""

from django.db.models import QuerySet

from accounts.models import User
from accounts.permissions import Action, reach
from config.errors import Invalid, NotFound
from jobs.queries import number
from migrations_store.models import Project, Proposal, ProposalVersion


def proposals(user: User, *, project: Project | None = None, status: str = "") -> QuerySet[Proposal]:
    """Newest first, with what a list shows."""
    if status and status not in Proposal.Status.values:
        known = ", ".join(Proposal.Status.values)
        raise Invalid(f"There is no status {status[:40]!r}; use one of {known}.", {"status": "Not a status."})
    found = Proposal.objects.filter(reach(user, Action.VIEW).q()).select_related("project", "environment", "requested_by", "database")
    if project:
        found = found.filter(project=project)
    return found.filter(status=status) if status else found


def get_proposal(user: User, id: str | int) -> Proposal:
    """NotFound for anything that is no proposal's number."""
    related = proposals(user).select_related("database__project", "database__environment")
    found = related.filter(pk=number(id, "proposal")).first()
    if found is None:
        raise NotFound(f"There is no proposal {str(id)[:40]!r}.")
    return found


def newest_version(proposal: Proposal) -> ProposalVersion | None:
    """What was found last; None while there is nothing yet."""
    return proposal.versions.select_related("snapshot").defer("snapshot__graph", "snapshot__manifest").order_by("-number").first()
