"""What leaves a proposal, and what people make of it: its file, its patch, a branch, an edited version, its closing."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from config.errors import NotFound, Refused
from config.retelling import told
from dashboard import proposal_ways
from dashboard.requests import user_of
from dashboard.views.proposal_review import number, refused_page
from jobs.proposals import editing, patches, pushing, queries, services
from migrations_store.models import Proposal, ProposalVersion


@require_GET
def file(request: HttpRequest, id: str) -> HttpResponse:
    """The newest version's file; where it has several, all of them in a zip."""
    version = _version(request, id)
    if len(version.files) > 1:
        name = f"proposal-{version.proposal_id}-v{version.number}.zip"
        return _download(name, patches.archive_of(version), "application/zip")
    name, text = patches.file_of(version)
    return _download(name, text.encode(), "text/x-python; charset=utf-8")


@require_GET
def patch(request: HttpRequest, id: str) -> HttpResponse:
    version = _version(request, id)
    name = f"proposal-{version.proposal_id}-v{version.number}.patch"
    return _download(name, patches.patch_of(version).encode(), "text/x-patch; charset=utf-8")


@require_GET
def out(request: HttpRequest, id: str) -> HttpResponse:
    """The part of the page that tells how a push goes."""
    found = queries.get_proposal(user_of(request), id)
    version, stands = queries.newest_version(found), queries.standing(found)
    context = {"proposal": found, "version": version, "standing": stands}
    return render(request, "dashboard/proposal/ways_out.html", context | proposal_ways.context(request, found, version, stands))


@require_POST
def push(request: HttpRequest, id: str) -> HttpResponse:
    """As a new branch; a worker does it."""
    data = request.POST
    words = {name: data.get(name, "") for name in ("branch", "name", "email")}
    return _done(request, id, lambda found: pushing.request_push(found, user=user_of(request), **words), "It is being pushed.", "#out")


@require_POST
def edit(request: HttpRequest, id: str) -> HttpResponse:
    """A further version with the text that was sent, on top of the one that was shown."""
    data = request.POST
    words = {name: data.get(name, "") for name in ("python", "path", "note")}
    expected = number(data.get("version", ""))
    return _done(
        request, id, lambda found: editing.edit(found, user=user_of(request), expected_version=expected, **words), "", "?tab=python"
    )


@require_POST
def drop_draft(request: HttpRequest, id: str) -> HttpResponse:
    """Forgets what was not taken."""
    return _done(request, id, lambda found: editing.drop_draft(found, user=user_of(request)), "", "")


@require_POST
def close(request: HttpRequest, id: str) -> HttpResponse:
    """Closes it, or with `open` opens it again."""
    act = services.reopen if request.POST.get("open") else services.close
    return _done(request, id, lambda found: act(found, user=user_of(request)), "", "")


def _done(request: HttpRequest, id: str, do: Callable[[Proposal], object], said: str, place: str) -> HttpResponse:
    found = queries.get_proposal(user_of(request), id)
    try:
        do(found)
    except Refused as refused:
        return refused_page(request, found, refused)
    if said:
        messages.success(request, said)
    return redirect(f"/proposals/{found.pk}/{place}")


def _version(request: HttpRequest, id: str) -> ProposalVersion:
    found = queries.get_proposal(user_of(request), id)
    version = queries.newest_version(found)
    if version is None or not version.files:
        raise NotFound(_("There is no file of %(proposal)s yet.") % {"proposal": told(str(found))})
    return version


def _download(name: str, content: bytes, kind: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return answer
