"""Reading proposals: those that the user may look at, and no others."""

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from accounts.permissions import Action, reach
from config.errors import Invalid, NotFound
from jobs.proposals import access, places
from jobs.proposals.standing import Standing, standing, standings
from jobs.queries import number
from migrations_store.models import Project, Proposal, ProposalVersion, Review, Thread, Viewed

__all__ = ["Standing", "standing", "standings"]
MOST_WAITING = 500  # are looked through for one person


def proposals(user: User, *, project: Project | None = None, status: str = "") -> QuerySet[Proposal]:
    """Newest first, with what a list shows."""
    if status and status not in Proposal.Status.values:
        known = ", ".join(Proposal.Status.values)
        raise Invalid(f"There is no status {status[:40]!r}; use one of {known}.", {"status": "Not a status."})
    found = Proposal.objects.filter(access.within(user, Action.VIEW)).select_related("project", "environment", "requested_by", "database")
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
    return versions(proposal).first()


def versions(proposal: Proposal) -> QuerySet[ProposalVersion]:
    """Newest first."""
    return proposal.versions.select_related("snapshot", "author").defer("snapshot__graph", "snapshot__manifest").order_by("-number")


def mine(user: User) -> QuerySet[Proposal]:
    """Those that the user asked for or has written a version of."""
    wrote = ProposalVersion.objects.filter(proposal=OuterRef("pk"), author=user)
    return proposals(user).filter(Q(requested_by=user) | Exists(wrote))


def to_review(user: User) -> list[tuple[Proposal, Standing]]:
    """Those that wait for this person's word, the oldest first: open, not approved by enough, nobody has asked for changes, and they
    may decide. Five queries at most, one where nothing is open, none for who may never review."""
    if reach(user, Action.REVIEW).nowhere:
        return []
    open_ones = proposals(user).filter(access.within(user, Action.REVIEW), status=Proposal.Status.OPEN).exclude(requested_by=user)
    found = list(open_ones.order_by("pk")[:MOST_WAITING])
    told = standings(found) if found else {}
    return [(proposal, told[proposal.pk]) for proposal in found if _waits_for(user, told[proposal.pk])]


def threads(proposal: Proposal) -> list[Thread]:
    """With what was said, the oldest first. Two queries."""
    found = proposal.threads.select_related("created_by", "resolved_by", "version").prefetch_related("comments__user")
    return list(found.defer("version__files", "version__changes", "version__facts"))


def get_thread(proposal: Proposal, id: str | int) -> Thread:
    found = proposal.threads.select_related("proposal__project", "proposal__environment").filter(pk=number(id, "thread")).first()
    if found is None:
        raise NotFound(f"{str(proposal).capitalize()} has no thread {str(id)[:40]!r}.")
    return found


def reviews(proposal: Proposal) -> list[Review]:
    """All words on all versions, the oldest first."""
    found = Review.objects.filter(version__proposal=proposal).select_related("user", "version").order_by("pk")
    return list(found.defer("version__files", "version__changes", "version__facts"))


def viewed(proposal: Proposal, version: ProposalVersion | None, user: User) -> set[str]:
    """The keys that the user has ticked and that are still as they were."""
    if version is None:
        return set()
    now = places.digests(version)
    ticks = Viewed.objects.filter(proposal=proposal, user=user).values_list("key", "digest")
    return {key for key, digest in ticks if now.get(key) == digest}


def _waits_for(user: User, stands: Standing) -> bool:
    return stands.state in ("open", "stale") and not stands.decided(user) and user.pk not in stands.authors
