"""The pipeline: every project in every environment, and what needs a person."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.permissions import Action, may, people_who_may, reach
from dashboard import pipeline as pipelines
from dashboard import setup_view
from dashboard.requests import number_of, user_of
from dashboard.states import LOOKS
from environments.models import Environment
from migrations_store.models import Project


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """`?q=` and `?state=` filter, `?page=` pages. Without any project it is the first-run page; whoever may see nothing is told why."""
    if reach(user_of(request), Action.VIEW).nowhere:
        return render(request, "dashboard/no_role.html", {"admins": people_who_may(Action.CONFIGURE)})
    if not Project.objects.exists() or not Environment.objects.exists():
        return _first_run(request)
    return render(request, "dashboard/home.html", _context(request))


@require_GET
def pipeline(request: HttpRequest) -> HttpResponse:
    """The part that refreshes itself; 204 while it is what `?v=` says."""
    context = _context(request)
    if request.GET.get("v") == context["pipeline"].version:
        return HttpResponse(status=204)
    return render(request, "dashboard/partials/pipeline.html", context)


def _context(request: HttpRequest) -> dict[str, Any]:
    user = user_of(request)
    query, state = request.GET.get("q", "").strip()[:100], request.GET.get("state", "")
    state = ",".join(value for value in state[:200].split(",") if value in LOOKS)
    page = number_of(request, "page") or 1
    found = pipelines.read(user, query=query, state=state, page=page)
    chips = [(value, *look, found.counts[value]) for value, look in LOOKS.items() if value in found.counts]
    return {
        "pipeline": found,
        "query": query,
        "state": state,
        "page_number": page,
        "pages": -(-found.total // pipelines.PROJECTS),
        "chips": chips,
        "may_configure": may(user, Action.CONFIGURE),
    }


def _first_run(request: HttpRequest) -> HttpResponse:
    """The set-up, wherever it was left, for those who may; others are told who may."""
    if may(user_of(request), Action.CONFIGURE):
        return render(request, "dashboard/setup.html", setup_view.context(user_of(request)))
    return render(request, "dashboard/empty.html", {"admins": people_who_may(Action.CONFIGURE)})
