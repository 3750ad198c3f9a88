"""What people say of proposals: reviews, threads with their comments, and ticks."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from api import times
from api.auth import user_of
from api.paging import PageQuery, listed
from api.schemas import Body, Listed, Shown, Time
from jobs.proposals import places, queries, reviewing
from migrations_store.models import Comment, ProposalVersion, Review, Thread, ThreadKind

router = Router(tags=["proposals"])


class NewReview(Body):
    """`decision` is comment, approve or request_changes. `version` and `checksum` are those that were looked at: 409 if they are no longer
    the newest's."""

    decision: str
    comment: str = ""
    version: int
    checksum: str = Field(max_length=64)


class ReviewShown(Shown):
    id: str
    version: int
    user: str
    decision: str
    comment: str
    checksum: str
    at: Time


class NewThread(Body):
    """`kind` is object (`anchor` is the `key` of an entry of `changes`), line (`anchor` is FILE:LINE of the version, such as 0:12) or
    general. `version` 0 is the newest."""

    kind: str
    anchor: str = Field("", max_length=1000)
    text: str
    version: int = Field(0, ge=0, le=1_000_000_000)


class NewComment(Body):
    text: str


class Resolution(Body):
    resolved: bool


class CommentShown(Shown):
    id: str
    user: str
    text: str
    at: Time


class ThreadShown(Shown):
    """`line` is where a line's thread stands in the newest version, null where that line is gone; `quote` is the line as it was."""

    id: str
    kind: str
    anchor: str
    quote: str
    version: int | None
    line: str | None
    created_by: str
    at: Time
    resolved_at: Time | None
    resolved_by: str | None
    comments: list[CommentShown]


class Ticks(Body):
    keys: list[str] = Field(max_length=5000)
    viewed: bool = True


class TicksShown(Shown):
    """The keys that the caller has looked at and that have not changed since."""

    keys: list[str]


@router.get("/{id}/reviews", response=Listed[ReviewShown], summary="Reviews of all its versions, the oldest first")
def list_reviews(request: HttpRequest, id: str, page: PageQuery) -> dict[str, Any]:
    found = queries.reviews(queries.get_proposal(user_of(request), id))
    return listed(found, page, lambda rows: [_review(review) for review in rows])


@router.post("/{id}/reviews", response={201: ReviewShown}, summary="Comment, approve or ask for changes")
def create_review(request: HttpRequest, id: str, payload: NewReview) -> Status[dict[str, Any]]:
    user = user_of(request)
    return Status(201, _review(reviewing.submit_review(queries.get_proposal(user, id), user=user, **payload.model_dump())))


@router.get("/{id}/threads", response=Listed[ThreadShown], summary="Threads with their comments, the oldest first")
def list_threads(request: HttpRequest, id: str, page: PageQuery) -> dict[str, Any]:
    proposal = queries.get_proposal(user_of(request), id)
    newest = queries.newest_version(proposal)
    return listed(queries.threads(proposal), page, lambda rows: [_thread(thread, newest) for thread in rows])


@router.post("/{id}/threads", response={201: ThreadShown}, summary="Open a thread at an object, at a line or about the whole")
def create_thread(request: HttpRequest, id: str, payload: NewThread) -> Status[dict[str, Any]]:
    user = user_of(request)
    proposal = queries.get_proposal(user, id)
    thread = reviewing.open_thread(proposal, user=user, **payload.model_dump())
    return Status(201, _thread(thread, queries.newest_version(proposal)))


@router.post("/{id}/threads/{thread}/comments", response={201: CommentShown}, summary="Answer")
def create_comment(request: HttpRequest, id: str, thread: str, payload: NewComment) -> Status[dict[str, Any]]:
    user = user_of(request)
    about = queries.get_thread(queries.get_proposal(user, id), thread)
    return Status(201, _comment(reviewing.reply(about, user=user, text=payload.text)))


@router.put("/{id}/threads/{thread}/resolution", response=ThreadShown, summary="Resolve a thread, or open it again")
def set_resolution(request: HttpRequest, id: str, thread: str, payload: Resolution) -> dict[str, Any]:
    user = user_of(request)
    proposal = queries.get_proposal(user, id)
    about = reviewing.resolve(queries.get_thread(proposal, thread), user=user, resolved=payload.resolved)
    return _thread(about, queries.newest_version(proposal))


@router.get("/{id}/viewed", response=TicksShown, summary="What the caller has looked at")
def get_viewed(request: HttpRequest, id: str) -> dict[str, Any]:
    user = user_of(request)
    proposal = queries.get_proposal(user, id)
    return {"keys": sorted(queries.viewed(proposal, queries.newest_version(proposal), user))}


@router.put("/{id}/viewed", response=TicksShown, summary="Tick objects as looked at, or take that back")
def set_viewed(request: HttpRequest, id: str, payload: Ticks) -> dict[str, Any]:
    user = user_of(request)
    reviewing.set_viewed(queries.get_proposal(user, id), user=user, keys=payload.keys, viewed=payload.viewed)
    return get_viewed(request, id)


def _review(review: Review) -> dict[str, Any]:
    facts = {name: getattr(review, name) for name in ("decision", "comment", "checksum")}
    return facts | {
        "id": str(review.pk), "version": review.version.number, "user": review.user.username, "at": times.shown(review.at)
    }  # fmt: skip


def _thread(thread: Thread, newest: ProposalVersion | None) -> dict[str, Any]:
    place = places.line_of(thread, newest) if thread.kind == ThreadKind.LINE else None
    return {name: getattr(thread, name) for name in ("kind", "anchor", "quote")} | {
        "id": str(thread.pk),
        "version": thread.version.number if thread.version else None,
        "line": f"{place[0]}:{place[1]}" if place else None,
        "created_by": thread.created_by.username,
        "at": times.shown(thread.at),
        "resolved_at": times.shown(thread.resolved_at),
        "resolved_by": thread.resolved_by.username if thread.resolved_by else None,
        "comments": [_comment(comment) for comment in thread.comments.all()],
    }


def _comment(comment: Comment) -> dict[str, Any]:
    return {"id": str(comment.pk), "user": comment.user.username, "text": comment.text, "at": times.shown(comment.at)}
