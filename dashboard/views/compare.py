"""Two environments of a project side by side, by revision: what one has and the other lacks."""

from itertools import pairwise
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import Action, reach
from config.errors import NotFound
from dashboard import compare_view
from dashboard.requests import user_of
from environments import sides
from environments.sides import Comparison, Side
from jobs import difference_sql
from migrations_store import graph as graphs
from migrations_store import queries
from migrations_store.graph import Graph
from migrations_store.models import Project

NEAR = 20  # pairs of neighbours that are told at once


@login_required
@require_GET
def pick(request: HttpRequest, slug: str) -> HttpResponse:
    """Which two; `?from=` and `?to=` lead to their page."""
    project, graph, everything = _found(request, slug)
    one, other = request.GET.get("from", ""), request.GET.get("to", "")
    if one and other:
        for name in (one, other):
            sides.named(everything, name)
        return redirect("compare", slug, one, other)
    near = [sides.compare(graph, *two) for two in list(pairwise(everything))[:NEAR]]
    return render(request, "dashboard/compare_pick.html", _choice(project, everything, everything, everything) | {"near": near})


@login_required
@require_GET
def compare(request: HttpRequest, slug: str, a: str, b: str) -> HttpResponse:
    """Where an environment has several databases, which of them is asked first."""
    project, graph, everything = _found(request, slug)
    ones, others = sides.named(everything, a), sides.named(everything, b)
    chosen = sides.pair(ones, others)
    if chosen is None:
        return render(request, "dashboard/compare_pick.html", _choice(project, everything, ones, others) | {"several": True})
    return render(request, "dashboard/compare.html", _page(request, project, graph, everything, sides.compare(graph, *chosen)))


@login_required
@require_http_methods(["GET", "POST"])
def sql(request: HttpRequest, slug: str, a: str, b: str) -> HttpResponse:
    """The SQL as a part of the page, which asks again until all of it is there. A post asks workers for what is missing."""
    project, graph, compared = _compared(request, slug, a, b)
    if request.method == "POST":
        difference_sql.ask(project, compare_view.sql(project, graph, compared)["parts"], user=user_of(request))
        if "HX-Request" not in request.headers:
            return redirect("compare", slug, a, b)
    told = compare_view.sql(project, graph, compared)
    if request.GET.get("seen") == str(told["ready"]) and told["asked"]:
        return HttpResponse(status=204)
    return render(request, "dashboard/partials/compare_sql.html", _shared(request, project, compared) | told | {"is_part": True})


@login_required
@require_GET
def sql_text(request: HttpRequest, slug: str, a: str, b: str) -> HttpResponse:
    """All of it as text, to be taken elsewhere; while a revision is missing, nothing."""
    project, graph, compared = _compared(request, slug, a, b)
    found = compare_view.sql(project, graph, compared)
    if found["ready"] < len(found["parts"]) or not found["parts"]:
        raise NotFound(_("This SQL has not been written. Open the comparison to ask for it."))
    answer = HttpResponse(found["sql_text"], content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{project.slug}-{compared.a.name}-{compared.b.name}.sql"'
    return answer


def _found(request: HttpRequest, slug: str) -> tuple[Project, Graph, list[Side]]:
    project = queries.get_project(user_of(request), slug)
    snapshot = project.latest_snapshot
    if snapshot is None:
        raise NotFound(_("%(project)s has not been read yet, so there is nothing to compare.") % {"project": project.slug})
    graph = graphs.load(snapshot)
    return project, graph, sides.sides(user_of(request), project, graph)


def _compared(request: HttpRequest, slug: str, a: str, b: str) -> tuple[Project, Graph, Comparison]:
    project, graph, everything = _found(request, slug)
    chosen = sides.pair(sides.named(everything, a), sides.named(everything, b))
    if chosen is None:
        raise NotFound(_("An environment here has several databases. Name one of them by its id."))
    return project, graph, sides.compare(graph, *chosen)


def _page(request: HttpRequest, project: Project, graph: Graph, everything: list[Side], compared: Comparison) -> dict[str, Any]:
    levels = compare_view.levels_of(graph, compared)
    halves = [(compared.a, compared.b, compared.only_a), (compared.b, compared.a, compared.only_b)]
    return (
        _shared(request, project, compared)
        | compare_view.sql(project, graph, compared)
        | {
            "sides": everything,
            "halves": [(one, other, len(ids), compare_view.rows(graph, ids, levels)) for one, other, ids in halves],
            "way": compare_view.way(user_of(request), compared, everything),
        }
    )


def _shared(request: HttpRequest, project: Project, compared: Comparison) -> dict[str, Any]:
    may_ask = reach(user_of(request), Action.CHECK).touches(project=project)
    return {"project": project, "compared": compared, "a": compared.a, "b": compared.b, "may_ask": may_ask}


def _choice(project: Project, everything: list[Side], ones: list[Side], others: list[Side]) -> dict[str, Any]:
    return {"project": project, "sides": everything, "ones": ones, "others": others}
