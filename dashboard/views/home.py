"""The pipeline: every project in every environment, and what needs a person."""

import time
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.permissions import Action, may, people_who_may, reach
from dashboard import pipeline as pipelines
from dashboard import setup_view
from dashboard.pipeline_survey import survey
from dashboard.pipeline_wanted import Wanted
from dashboard.requests import number_of, user_of
from dashboard.states import LOOKS
from environments.models import Environment
from migrations_store.models import Project

FRESH = 3  # minutes


@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """`?q=`, `?state=` and `?team=` filter, `?group=team` groups and `?folded=` folds groups, `?page=` pages. Without any project it is the
    first-run page; whoever may see nothing is told why."""
    if reach(user_of(request), Action.VIEW).nowhere:
        return render(request, "dashboard/no_role.html", {"admins": people_who_may(Action.CONFIGURE)})
    if not Project.objects.exists() or not Environment.objects.exists():
        return _first_run(request)
    user = user_of(request)
    return render(request, "dashboard/home.html", _context(user, pipelines.read(user, survey(user), Wanted.of(request))))


@require_GET
def pipeline(request: HttpRequest) -> HttpResponse:
    """The part that refreshes itself; 204 while it is what `?v=` says, with the moment of which that is true. What was shown `?since=` long
    ago is shown anew, as it says how old things are."""
    user = user_of(request)
    found = survey(user)
    if request.GET.get("v") == found.version and _minute() - (number_of(request, "since") or _minute()) < FRESH:
        return HttpResponse(status=204, headers={"As-Of": f"{timezone.localtime():%H:%M:%S}"})
    return render(request, "dashboard/partials/pipeline.html", _context(user, pipelines.read(user, found, Wanted.of(request))))


def _context(user: User, found: pipelines.Pipeline) -> dict[str, Any]:
    wanted, page = found.wanted, found.page
    chips = [(value, *look, found.counts[value], wanted.address(state=value)) for value, look in LOOKS.items() if value in found.counts]
    return {
        "pipeline": found,
        "wanted": wanted,
        "kept": wanted.address(v=found.version, since=_minute(), page=wanted.page),
        "back": wanted.address(page=page.previous_page_number()) if page.has_previous() else "",
        "next": wanted.address(page=page.next_page_number()) if page.has_next() else "",
        "chips": chips,
        "all": wanted.address(state=""),
        "regrouped": wanted.address(group="" if wanted.grouped else "team", folded=""),
        "may_configure": may(user, Action.CONFIGURE),
    }


def _minute() -> int:
    return int(time.time() // 60)


def _first_run(request: HttpRequest) -> HttpResponse:
    """The set-up, wherever it was left, for those who may; others are told who may."""
    if may(user_of(request), Action.CONFIGURE):
        return render(request, "dashboard/setup.html", setup_view.context(user_of(request)))
    return render(request, "dashboard/empty.html", {"admins": people_who_may(Action.CONFIGURE)})
