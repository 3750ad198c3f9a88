"""Searching everything: as a page, and as the palette that opens over any page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from dashboard import palette as palettes
from dashboard.requests import user_of


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    return render(request, "dashboard/search.html", _found(request))


@require_GET
def palette(request: HttpRequest) -> HttpResponse:
    """The results alone, as options of the palette's list."""
    return render(request, "dashboard/partials/palette.html", _found(request) | {"as_options": True})


def _found(request: HttpRequest) -> dict[str, object]:
    query = request.GET.get("q", "").strip()[:100]
    return {"query": query, "groups": palettes.find(user_of(request), query)}
