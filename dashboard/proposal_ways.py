"""Where a proposal can go from here: what its page offers, and why not."""

from typing import Any

from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from accounts.permissions import Action, may
from dashboard import outlook_view
from jobs.proposals import access, patches, pushing
from jobs.proposals.standing import Standing
from migrations_store.models import Proposal, ProposalPush, ProposalVersion, SourceKind

Look = tuple[str, str, str]
PUSHES: dict[str, Look] = {
    "queued": ("idle", "dot", gettext_noop("Queued")),
    "running": ("run", "ring", gettext_noop("Being pushed")),
    "done": ("ok", "check", gettext_noop("Pushed")),
    "failed": ("fail", "x", gettext_noop("Not pushed")),
}
UNEDITABLE = (Proposal.Kind.REPARENT,)


def context(request: HttpRequest, found: Proposal, version: ProposalVersion | None, stands: Standing) -> dict[str, Any]:
    """For dashboard/proposal/ways_out.html, edit.html and outlook.html."""
    user: User = request.user  # type: ignore[assignment]
    if version is None or not version.files:
        return {"outlook": []}
    may_check = access.may(user, Action.CHECK, found)
    return {
        "outlook": outlook_view.drawings(version),
        "pushes": [(push, _look(push.status)) for push in found.pushes.select_related("by", "version").defer("version__files")[:10]],
        "pushing": found.pushes.filter(status__in=pushing.UNDER_WAY).exists(),
        "was_pushed": found.pushes.filter(version=version, status=ProposalPush.Status.DONE).exists(),
        "push_obstacle": pushing.obstacle(found, version),
        "no_way": pushing.no_way(found),
        "branch": pushing.default_branch(version),
        "author_email": patches.email_of(user),
        "may_push": may_check,
        "may_configure": may(user, Action.CONFIGURE, project=found.project),
        "is_git": found.project.source_kind == SourceKind.GIT,
        "unapproved": not stands.is_approved,
        "edit": _edit(request, found, version) if may_check and found.status in ("open", "empty") else None,
        "may_edit": may_check and found.status in ("open", "empty") and found.kind not in UNEDITABLE,
        "draft": found.draft if found.draft and found.draft.get("origin") == "edited" else None,
    }


def _look(status: str) -> Look:
    tone, icon, word = PUSHES[status]
    return tone, icon, _(word)


def _edit(request: HttpRequest, found: Proposal, version: ProposalVersion) -> dict[str, Any] | None:
    """The file that is open for editing, by `?edit=`: with what was typed, with the draft that was not taken, or as it is."""
    sent: QueryDict = request.POST if "python" in request.POST else QueryDict()
    asked = request.GET.get("edit", "") or sent.get("index", "")
    if not (asked.isascii() and asked.isdigit() and int(asked) < len(version.files)) or found.kind in UNEDITABLE:
        return None
    index, file = int(asked), version.files[int(asked)]
    draft = found.draft or {}
    kept = draft if (draft.get("base"), draft.get("index")) == (version.number, index) else {}
    text = sent.get("python") or kept.get("python") or file["python"]
    note = sent.get("note", kept.get("note", ""))
    return {"index": index, "path": file["path"], "python": text, "note": note, "is_draft": bool(kept), "version": version.number}
