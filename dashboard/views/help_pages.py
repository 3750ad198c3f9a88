"""Help: what errors and findings mean, and the keyboard."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from config.errors import NotFound
from dashboard import help_view, keys
from dashboard.requests import user_of
from jobs import queries

SHOWN = 5


@require_GET
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/help.html", {"families": help_view.families()})


@require_GET
def error(request: HttpRequest, code: str) -> HttpResponse:
    """What a code means, and the jobs of the reader's that ended so."""
    topic = help_view.topics().get(code)
    if topic is None:
        raise NotFound(_("There is no error or finding %(code)s.") % {"code": repr(code[:40])})
    seen = queries.jobs(user_of(request)).filter(error__code=code)[:SHOWN] if topic.kind == "error" else []
    return render(request, "dashboard/help_error.html", {"topic": topic, "seen": seen})


@require_GET
def keyboard(request: HttpRequest) -> HttpResponse:
    """As a page; a fragment gets the map alone, for the dialog."""
    template = "dashboard/partials/keys.html" if request.headers.get("HX-Request") else "dashboard/help_keyboard.html"
    return render(request, template, {"groups": keys.GROUPS})
