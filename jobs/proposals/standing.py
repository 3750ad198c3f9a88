"""How a proposal stands with its reviewers. It is worked out anew each time: what counted yesterday need not count today."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from accounts.models import User
from accounts.permissions import Action, learn_grants
from jobs.proposals import access
from migrations_store.models import Proposal, ProposalVersion, Review, ReviewDecision

LARGE = ("files", "changes", "facts", "red_flags", "blind_spots", "heads")


@dataclass(frozen=True)
class Word:
    """One person's last decision. `void` says why it does not count; empty if it does."""

    review: Review
    void: str

    @property
    def approves(self) -> bool:
        return self.review.decision == ReviewDecision.APPROVE


@dataclass(frozen=True)
class Standing:
    """`state` is open, changes_requested, approved or stale: approved once, but as another file. `words` are the last ones of each."""

    state: str
    approvals: int
    needed: int
    sentence: str
    version: int = 0
    words: list[Word] = field(default_factory=list)
    authors: set[int] = field(default_factory=set)

    @property
    def is_approved(self) -> bool:
        return self.state == "approved"

    def decided(self, user: User) -> bool:
        """Whether this person has approved the newest version, or asked for changes of it."""
        return any(word.review.user_id == user.pk and word.review.version.number == self.version for word in self.words)


def standing(proposal: Proposal) -> Standing:
    return standings([proposal])[proposal.pk]


def standings(proposals: Iterable[Proposal]) -> dict[int, Standing]:
    """Of many at once: four queries, whatever their number."""
    wanted = list(proposals)
    versions = _versions(wanted)
    said: dict[int, list[Review]] = {proposal.pk: [] for proposal in wanted}
    for review in _reviews(wanted):
        said[review.version.proposal_id].append(review)
    learn_grants(review.user for reviews in said.values() for review in reviews)
    return {proposal.pk: _judged(proposal, versions[proposal.pk], said[proposal.pk]) for proposal in wanted}


def authors(proposal: Proposal, version: ProposalVersion | None) -> set[int]:
    """Who asked for it, and whose hands the files of this version went through since autogenerate made them."""
    if version is None:
        return {proposal.requested_by_id}
    earlier = proposal.versions.filter(number__lte=version.number).defer(*LARGE).order_by("-number")
    return _authors(proposal, list(earlier))


def authors_of(proposals: Iterable[Proposal]) -> dict[int, set[int]]:
    """Those of the newest versions of many, in one query."""
    wanted = list(proposals)
    versions = _versions(wanted)
    return {proposal.pk: _authors(proposal, versions[proposal.pk]) for proposal in wanted}


def _authors(proposal: Proposal, newest_first: list[ProposalVersion]) -> set[int]:
    """An edit and a rename begin with the file of the version before."""
    found = {proposal.requested_by_id}
    for version in newest_first:
        if version.author_id:
            found.add(version.author_id)
        if version.origin == ProposalVersion.Origin.MADE:
            break
    return found


def _versions(proposals: list[Proposal]) -> dict[int, list[ProposalVersion]]:
    """Newest first."""
    found: dict[int, list[ProposalVersion]] = {proposal.pk: [] for proposal in proposals}
    for version in ProposalVersion.objects.filter(proposal__in=proposals).defer(*LARGE).order_by("-number"):
        found[version.proposal_id].append(version)
    return found


def _reviews(proposals: list[Proposal]) -> Iterable[Review]:
    decided = Review.objects.filter(version__proposal__in=proposals).exclude(decision=ReviewDecision.COMMENT)
    return decided.select_related("user", "version").defer(*(f"version__{name}" for name in LARGE)).order_by("pk")


def _judged(proposal: Proposal, versions: list[ProposalVersion], reviews: list[Review]) -> Standing:
    version, wrote = next(iter(versions), None), _authors(proposal, versions)
    last = {review.user_id: review for review in reviews}
    words = [Word(review, "".join(list(_void(review, proposal, version, wrote))[:1])) for review in last.values()]
    counted = [word for word in words if not word.void]
    approvals = [word for word in counted if word.approves]
    against = [word for word in counted if not word.approves]
    needed = proposal.project.reviews_needed
    outdated = [word for word in words if word.approves and version and word.review.version.number != version.number]
    if against:
        state = "changes_requested"
    elif version and len(approvals) >= needed:
        state = "approved"
    else:
        state = "stale" if outdated else "open"
    sentence = _sentence(state, approvals, against, outdated, needed)
    return Standing(state, len(approvals), needed, sentence, version.number if version else 0, words, wrote)


def _void(review: Review, proposal: Proposal, version: ProposalVersion | None, wrote: set[int]) -> Iterator[str]:
    if version is None or review.version_id != version.pk or review.checksum != version.checksum:
        yield f"it was said of version {review.version.number}"
    if not review.user.is_active:
        yield "the account is no longer active"
    if review.user_id in wrote:
        yield "nobody approves their own proposal"
    if not access.may(review.user, Action.REVIEW, proposal):
        yield "no longer a reviewer here"


def _sentence(state: str, approvals: list[Word], against: list[Word], outdated: list[Word], needed: int) -> str:
    count = f"{len(approvals)} of {needed} approval{'' if needed == 1 else 's'}" if needed else "This project asks for no approval"
    if approvals:
        count += f", by {_names(approvals)}"
    if against:
        return f"{count}. {_names(against)} asked for changes."
    if state == "stale":
        return f"{count}. {_names(outdated)} approved an earlier version; the file is another now, so that it has to be approved again."
    return f"{count}."


def _names(words: list[Word]) -> str:
    return " and ".join(word.review.user.display_name for word in words)
