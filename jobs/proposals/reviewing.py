"""What people say of a proposal: reviews, threads at an object or a line, and ticks of what they have looked at.

Each locks the proposal's row first, as those do that make a new version of it: a word is about the version that its speaker was shown.
"""

from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action
from audit.services import record
from config.errors import Conflict, Forbidden, Invalid
from jobs.proposals import access, places, telling
from jobs.proposals.errors import ProposalMoved
from jobs.proposals.standing import authors
from migrations_store.models import Comment, Proposal, ProposalVersion, Review, ReviewDecision, Thread, Viewed

LONGEST = 10_000
MOST_THREADS = 1000  # of one proposal
RELATED = ("project", "environment", "requested_by")


def submit_review(proposal: Proposal, *, user: User, decision: str, comment: str = "", version: int, checksum: str) -> Review:
    """One person's word on the version that they were shown, named by its number and its checksum.

    Raises ProposalMoved if that is no longer the newest, Forbidden for authors who want to decide and for those without REVIEW.
    """
    _require_voice(user, proposal, decision)
    text = _checked(decision, comment)
    with transaction.atomic():
        locked = _locked(proposal)
        newest = _shown(locked, version, checksum)
        if decision != ReviewDecision.COMMENT:
            _require_decidable(locked, newest, user, decision)
        review = Review.objects.create(version=newest, user=user, decision=decision, comment=text, checksum=newest.checksum)
        _record(locked, user, "proposal.review", decision=decision, comment=text, version=newest.number, checksum=newest.checksum)
        telling.reviewed(locked, review)
    return review


def open_thread(proposal: Proposal, *, user: User, kind: str, anchor: str = "", text: str, version: int = 0) -> Thread:
    """A conversation about the whole, an object (by its key) or a line (`FILE:LINE` of the version with that number)."""
    require_talk(user, proposal)
    text = cleaned(text)
    with transaction.atomic():
        locked = _locked(proposal)
        if locked.threads.count() >= MOST_THREADS:
            raise Conflict(
                f"{str(proposal).capitalize()} has {MOST_THREADS:,} threads already. Nothing was written; answer in one of them."
            )
        about = _numbered(locked, version)
        anchor, quote = places.checked(kind, anchor, about)
        thread = Thread.objects.create(proposal=locked, kind=kind, anchor=anchor, quote=quote, version=about, created_by=user)
        _say(thread, user, text, "proposal.thread", kind=kind, anchor=anchor)
    return thread


def reply(thread: Thread, *, user: User, text: str) -> Comment:
    """What is answered is open again."""
    require_talk(user, thread.proposal)
    text = cleaned(text)
    with transaction.atomic():
        locked = (
            Thread.objects.select_for_update(of=("self",)).select_related("proposal__project", "proposal__environment").get(pk=thread.pk)
        )
        if locked.resolved_at is not None:
            Thread.objects.filter(pk=locked.pk).update(resolved_at=None, resolved_by=None)
        return _say(locked, user, text, "proposal.comment", about=locked.pk)


def resolve(thread: Thread, *, user: User, resolved: bool = True) -> Thread:
    """Folds it away, or opens it again; nothing if it is so already."""
    require_talk(user, thread.proposal)
    with transaction.atomic():
        open_ones = Thread.objects.filter(pk=thread.pk, resolved_at__isnull=resolved)
        values: dict[str, Any] = (
            {"resolved_at": timezone.now(), "resolved_by": user} if resolved else {"resolved_at": None, "resolved_by": None}
        )
        if open_ones.update(**values):
            _record(thread.proposal, user, "proposal.resolve" if resolved else "proposal.reopen_thread", thread=thread.pk)
    thread.refresh_from_db()
    return thread


def set_viewed(proposal: Proposal, *, user: User, keys: list[str], viewed: bool = True) -> list[str]:
    """The user's own ticks at these objects of the newest version; a tick is gone when its object has changed since. Kept by no
    record, as what somebody has read. Answers the keys that were known."""
    access.require(user, Action.VIEW, proposal)
    known = places.digests(newest(proposal))
    wanted = [key for key in dict.fromkeys(keys) if key in known]
    rows = [Viewed(proposal=proposal, user=user, key=key, digest=known[key]) for key in wanted]
    with transaction.atomic():
        if viewed:
            Viewed.objects.bulk_create(rows, update_conflicts=True, unique_fields=["proposal", "user", "key"], update_fields=["digest"])
        else:
            Viewed.objects.filter(proposal=proposal, user=user, key__in=wanted).delete()
    return wanted


def newest(proposal: Proposal) -> ProposalVersion:
    """Raises Conflict while there is nothing to look at."""
    found = proposal.versions.order_by("-number").first()
    if found is None:
        raise Conflict(f"{str(proposal).capitalize()} has not been made yet, so there is nothing to review. Wait until it is.")
    return found


def cleaned(text: str) -> str:
    """Invalid for nothing and for too much; without what a store refuses."""
    text = text.replace("\0", " ").replace("\r\n", "\n").encode("utf-8", "replace").decode().strip()
    if not text:
        raise Invalid("There is nothing to say yet: write a comment.", {"text": "Write something."})
    if len(text) > LONGEST:
        raise Invalid(f"The comment is longer than {LONGEST:,} characters.", {"text": f"At most {LONGEST:,} characters."})
    return text


def may_talk(user: User, proposal: Proposal) -> bool:
    """Reviewers, and whoever has to answer them."""
    return access.may(user, Action.REVIEW, proposal) or _answers(user, proposal)


def require_talk(user: User, proposal: Proposal) -> None:
    if not _answers(user, proposal):
        access.require(user, Action.REVIEW, proposal)


def _answers(user: User, proposal: Proposal) -> bool:
    """Whoever made any version of it, as long as they may still make one."""
    wrote = proposal.requested_by_id == user.pk or proposal.versions.filter(author=user).exists()
    return wrote and access.may(user, Action.CHECK, proposal)


def _require_voice(user: User, proposal: Proposal, decision: str) -> None:
    if decision == ReviewDecision.COMMENT:
        require_talk(user, proposal)
    else:
        access.require(user, Action.REVIEW, proposal)


def _checked(decision: str, comment: str) -> str:
    if decision not in ReviewDecision.values:
        raise Invalid("The decision is comment, approve or request_changes.", {"decision": "Choose one of the three."})
    if decision == ReviewDecision.APPROVE and not comment.strip():
        return ""
    if decision == ReviewDecision.REQUEST_CHANGES and not comment.strip():
        raise Invalid("Say what should change: the author will read it.", {"comment": "A reason is needed."})
    return cleaned(comment)


# --- under the lock


def _locked(proposal: Proposal) -> Proposal:
    """The proposal as it is now, held until the transaction ends."""
    return Proposal.objects.select_for_update(of=("self",)).select_related(*RELATED).get(pk=proposal.pk)


def _shown(proposal: Proposal, version: int, checksum: str) -> ProposalVersion:
    found = newest(proposal)
    if (found.number, found.checksum) != (version, checksum):
        raise ProposalMoved.of(proposal, version, found.number)
    return found


def _require_decidable(proposal: Proposal, version: ProposalVersion, user: User, decision: str) -> None:
    if user.pk in authors(proposal, version):
        raise Forbidden("Nobody reviews their own proposal, by no token of theirs either. Ask someone else.")
    if proposal.status != Proposal.Status.OPEN:
        raise Conflict(
            f"{str(proposal).capitalize()} is {proposal.get_status_display().lower()}, so there is nothing to decide. Nothing was kept."
        )
    own = Review.objects.filter(version=version, user=user).exclude(decision=ReviewDecision.COMMENT).last()
    if own and own.decision == decision == ReviewDecision.APPROVE:
        raise Conflict(f"You have approved version {version.number} already. Nothing was changed.")


def _numbered(proposal: Proposal, number: int) -> ProposalVersion | None:
    """The version that was shown, or the newest."""
    versions = proposal.versions.order_by("-number")
    found = (versions.filter(number=number) if number else versions).first()
    if number and found is None:
        raise Invalid(f"{str(proposal).capitalize()} has no version {number}.", {"version": "There is none."})
    return found


def _say(thread: Thread, user: User, text: str, action: str, **detail: Any) -> Comment:
    comment = Comment.objects.create(thread=thread, user=user, text=text)
    _record(thread.proposal, user, action, text=text, **detail)
    telling.said(thread, user, text, thread.proposal.versions.order_by("-number").first())
    return comment


def _record(proposal: Proposal, user: User, action: str, **detail: Any) -> None:
    record(user.username, action, str(proposal), project=proposal.project.slug, **detail)
