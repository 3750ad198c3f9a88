"""What waits for me: the bell's page."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from dashboard import said
from dashboard.requests import user_of
from notices import queries, services

PAGE = 50
TONES = {
    "approval_wanted": ("run", "diamond"),
    "approved": ("ok", "check"),
    "rejected": ("fail", "x"),
    "job_failed": ("fail", "x"),
    "job_succeeded": ("ok", "check"),
    "break_glass": ("fail", "excl"),
    "moved_outside": ("warn", "warn"),
    "policy_change_wanted": ("run", "shield"),
    "review_wanted": ("run", "diamond"),
    "proposal_approved": ("ok", "check"),
    "changes_requested": ("warn", "return"),
    "proposal_reply": ("idle", "comment"),
}


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    """Newest first; `?all=1` with those that were read."""
    found = queries.notices(user_of(request))
    everything = bool(request.GET.get("all"))
    page = Paginator(found if everything else found.filter(read_at=None), PAGE).get_page(request.GET.get("page"))
    rows = [(notice, *TONES.get(notice.kind, ("idle", "bell"))) for notice in page]
    return render(request, "dashboard/notices.html", {"page": page, "rows": rows, "everything": everything, "said": said.kept(request)})


@require_POST
def mark_read(request: HttpRequest) -> HttpResponse:
    """Those named by `id`, or all. With `open` it goes on to the page that the one notice tells of."""
    user = user_of(request)
    ids = [int(text) for text in request.POST.getlist("id") if text.isascii() and text.isdigit() and len(text) <= 18]
    services.mark_read(user, ids if request.POST.getlist("id") else None)
    notice = queries.notices(user).filter(pk__in=ids).first() if "open" in request.POST else None
    return redirect(notice.url if notice else "notices")
