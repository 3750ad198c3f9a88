"""The reader's words on a proposal."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from config.errors import Refused
from dashboard.requests import user_of
from dashboard.views.proposal import page
from jobs.proposals import editing, queries, reviewing, services
from jobs.proposals.errors import ProposalMoved
from migrations_store.models import Proposal, Thread, ThreadKind

SAID = {"approve": _("You approved it."), "request_changes": _("You asked for changes."), "comment": _("Your comment is there.")}


@require_POST
def review(request: HttpRequest, id: str) -> HttpResponse:
    """A comment, an approval or a request for changes, of the version that the form names; 409 if that is no longer the newest."""
    found, data = queries.get_proposal(user_of(request), id), request.POST
    decision = data.get("decision", "")
    try:
        reviewing.submit_review(
            found, user=user_of(request), decision=decision, comment=data.get("comment", ""), version=number(data.get("version", "")),
            checksum=data.get("checksum", ""),
        )  # fmt: skip
    except Refused as refused:
        return refused_page(request, found, refused)
    messages.success(request, SAID[decision])
    return redirect(_back(request, found))


@require_POST
def open_thread(request: HttpRequest, id: str) -> HttpResponse:
    """At an object, at a line of the version that was shown, or about all of it."""
    found, data = queries.get_proposal(user_of(request), id), request.POST
    return _done(
        request, found,
        lambda: reviewing.open_thread(
            found, user=user_of(request), kind=data.get("kind", ""), anchor=data.get("anchor", ""), text=data.get("text", ""),
            version=number(data.get("version", "")),
        ),
    )  # fmt: skip


@require_POST
def reply(request: HttpRequest, id: str, thread: int) -> HttpResponse:
    found = queries.get_proposal(user_of(request), id)
    about = queries.get_thread(found, thread)
    return _done(request, found, lambda: reviewing.reply(about, user=user_of(request), text=request.POST.get("text", "")).thread)


@require_POST
def resolve(request: HttpRequest, id: str, thread: int) -> HttpResponse:
    """Folds a thread away, or opens it again."""
    found = queries.get_proposal(user_of(request), id)
    about = queries.get_thread(found, thread)
    resolved = request.POST.get("resolved", "yes") == "yes"
    return _done(request, found, lambda: reviewing.resolve(about, user=user_of(request), resolved=resolved))


@require_POST
def viewed(request: HttpRequest, id: str) -> HttpResponse:
    """The reader's ticks at the objects named by `key`; htmx is answered with the list of objects."""
    found = queries.get_proposal(user_of(request), id)
    ticked = request.POST.get("viewed") == "yes"
    try:
        reviewing.set_viewed(found, user=user_of(request), keys=request.POST.getlist("key"), viewed=ticked)
    except Refused as refused:
        return _anew() if request.headers.get("HX-Request") else refused_page(request, found, refused)
    if request.headers.get("HX-Request"):
        return render(request, "dashboard/proposal/objects.html", page(request, found))
    group = request.POST.get("group", "")
    return redirect(f"{reverse('proposal', args=[found.pk])}#{group if group.isalnum() and group.isascii() else ''}")


@require_POST
def again(request: HttpRequest, id: str) -> HttpResponse:
    """Makes it anew: the next version."""
    found = queries.get_proposal(user_of(request), id)
    try:
        services.request_again(found, user=user_of(request))
    except Refused as refused:
        return refused_page(request, found, refused)
    return redirect("proposal", found.pk)


@require_POST
def treat_as_rename(request: HttpRequest, id: str) -> HttpResponse:
    """What goes and comes becomes a rename, in a further version."""
    found, data = queries.get_proposal(user_of(request), id), request.POST
    try:
        editing.treat_as_rename(found, user=user_of(request), key=data.get("key", ""), expected_version=number(data.get("version", "")))
    except Refused as refused:
        return refused_page(request, found, refused)
    return redirect("proposal", found.pk)


def _anew() -> HttpResponse:
    """A part of the page cannot say why: all of it is loaded again."""
    return HttpResponse(status=204, headers={"HX-Refresh": "true"})


def refused_page(request: HttpRequest, found: Proposal, refused: Refused) -> HttpResponse:
    """The page as it is now, with what was refused, and what was typed still in its form."""
    context = page(request, queries.get_proposal(user_of(request), found.pk)) | {"refused": refused, "typed": request.POST}
    context["moved"] = isinstance(refused, ProposalMoved)
    return render(request, "dashboard/proposal.html", context, status=refused.status)


def _done(request: HttpRequest, found: Proposal, do: Callable[[], Thread]) -> HttpResponse:
    try:
        thread = do()
    except Refused as refused:
        return refused_page(request, found, refused)
    tab = request.POST.get("tab") or ("discussion" if thread.kind == ThreadKind.GENERAL else "structure")
    page = _page(found, tab)
    return redirect(f"{page}{'&' if '?' in page else '?'}thread={thread.pk}#thread-{thread.pk}")


def _back(request: HttpRequest, found: Proposal) -> str:
    return _page(found, request.POST.get("tab", ""))


def _page(found: Proposal, tab: str) -> str:
    known = tab if tab in ("python", "sql", "findings", "discussion", "versions") else ""
    return reverse("proposal", args=[found.pk]) + (f"?tab={known}" if known else "")


def number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else 0
