"""The record, newest first."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.permissions import Action, require
from audit import queries
from dashboard.requests import user_of

PAGE = 100


@require_GET
def audit(request: HttpRequest) -> HttpResponse:
    """`?actor=`, `?action=` and `?object=` filter; `?verify=1` goes through the whole chain."""
    require(user_of(request), Action.AUDIT)
    filters = {name: request.GET.get(name, "").strip()[:300] for name in ("actor", "action", "object")}
    page = Paginator(queries.entries(**filters).order_by("-seq"), PAGE).get_page(request.GET.get("page"))
    verification = queries.verify() if request.GET.get("verify") else None
    return render(request, "dashboard/audit.html", {"page": page, "entries": list(page), "verification": verification, **filters})
