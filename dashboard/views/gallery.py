"""Every small part of the pages in each of its states, for whoever works on them: /dev/components/, only with DEBUG."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard import drift_view, graph_marks, job_view, states

TONES = ("ok", "run", "warn", "fail", "idle")


@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    """From the tables that the pages themselves read, so that a state that is added shows up here."""
    content = {
        "databases": states.LOOKS.values(), "checks": drift_view.LOOKS.values(), "tones": TONES,
        "jobs": [(*look, status.label) for status, look in job_view.STATUS_LOOKS.items()],
        "steps": [(*look, status.label) for status, look in job_view.STEP_LOOKS.items()],
        "risks": [look for look in graph_marks.RISKS.values() if look[1]], "trails": [(True, True, True, True, False, False)],
    }  # fmt: skip
    return render(request, "dashboard/gallery.html", content)
