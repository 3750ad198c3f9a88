"""The record, newest first: filters, verification and export."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Action, require
from audit import export, queries, verification
from audit.context import WAYS
from audit.models import AuditEntry
from audit.queries import Filters
from config.doorbell import ring
from dashboard import audit_view
from dashboard.requests import number_of, user_of
from environments.queries import environments

PAGE = 20  # 25 with all that opens in place were 62 KB
# More than these are gone through by a worker, so that nobody waits for a page.
AT_ONCE = 200_000


@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    """Filters stand in the query; `?before=` and `?after=` are the numbers from which a page goes on, so each page takes the same time."""
    user = user_of(request)
    require(user, Action.AUDIT)
    filters = audit_view.filters(request.GET)
    entries, older, newer = _page(filters, number_of(request, "before"), number_of(request, "after"))
    context: dict[str, Any] = {
        "rows": audit_view.rows(entries),
        "older": older,
        "newer": newer,
        "filters": filters,
        "given": filters.given(),
        "asked": {name: request.GET.get(name, "")[:20] for name in ("period", "from", "to")},
        "total": queries.total(),
        "check": queries.last_check(),
        "environments": environments(user),
        "ways": WAYS,
        "periods": audit_view.PERIODS,
        "formats": {"csv": _("CSV, for spreadsheets"), "jsonl": _("JSON lines, with hashes"), "zip": _("Zip, with its own checker")},
    }
    return render(request, "dashboard/audit.html", context)


@require_POST
def verify_now(request: HttpRequest) -> HttpResponse:
    """The whole record; a long one by a worker."""
    require(user_of(request), Action.AUDIT)
    if queries.total() <= AT_ONCE:
        verification.keep(verification.verify())
    elif ring("audit.tasks.verify", "now"):
        messages.success(request, _("The whole record is being verified. Reload the page in a moment to see what was found."))
    else:
        messages.error(request, _("The broker did not take it. The scheduler verifies the record every six hours all the same."))
    return redirect("audit")


@require_GET
def export_entries(request: HttpRequest) -> StreamingHttpResponse:
    """`?format=` csv, jsonl or zip, with the page's filters. That it was taken stands in the record too."""
    user = user_of(request)
    require(user, Action.AUDIT)
    form = request.GET.get("format", "jsonl")
    answer = StreamingHttpResponse(export.taken(user.username, form, audit_view.filters(request.GET)), content_type=export.FORMATS[form])
    answer["Content-Disposition"] = f'attachment; filename="audit.{form}"'
    return answer


def _page(filters: Filters, before: int | None, after: int | None) -> tuple[list[AuditEntry], int | None, int | None]:
    """Entries newest first, and from which numbers the pages before and after go on."""
    found = queries.entries(filters)
    if after is not None:
        entries = list(found.filter(seq__gt=after)[: PAGE + 1])
        more = entries[:PAGE][::-1]
        return more, (more[-1].seq if more else None), (more[0].seq if len(entries) > PAGE else None)
    if before is not None:
        found = found.filter(seq__lt=before)
    entries = list(found.order_by("-seq")[: PAGE + 1])
    shown = entries[:PAGE]
    return shown, (shown[-1].seq if len(entries) > PAGE else None), (shown[0].seq if shown and before is not None else None)
