"""One revision: its source, its SQL, what is dangerous about it, its place in the history, and where it is applied."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.permissions import Action, reach
from config.errors import NotFound
from dashboard import finding_view, highlight, revision_view
from dashboard.requests import user_of
from environments import queries as environments
from environments.findings import blocking_in, findings_of
from jobs import applied, revision_sql
from migrations_store import graph as graphs
from migrations_store import queries, touched
from migrations_store.effects import effects_of_steps
from migrations_store.findings.whole import FAULTS
from migrations_store.graph import Graph, RevisionNode
from migrations_store.models import Project, Snapshot

DOWNGRADES = {
    "present": ("ok", "check", "Has a downgrade"),
    "empty": ("warn", "warn", "Downgrade does nothing"),
    "raises": ("warn", "x", "Downgrade refuses"),
    "absent": ("warn", "x", "No downgrade"),
}


@login_required
@require_GET
def revision(request: HttpRequest, slug: str, revision: str) -> HttpResponse:
    project, snapshot, graph, node = _found(request, slug, revision)
    context: dict[str, Any] = {"project": project, "snapshot": snapshot, "node": node, "downgrade": DOWNGRADES.get(node.downgrade)}
    context |= _text(request, project, snapshot, node) | _history(graph, node) | _impact(snapshot, node)
    return render(
        request,
        "dashboard/revision.html",
        context | _applied(request, project, graph, node, context["source"]) | _sql(request, project, node),
    )


@login_required
@require_http_methods(["GET", "POST"])
def sql(request: HttpRequest, slug: str, revision: str) -> HttpResponse:
    """Its SQL as a part of the page, which asks again until it is there. A post asks a worker for it."""
    project, _, _, node = _found(request, slug, revision)
    if request.method == "POST":
        revision_sql.ask(project, node, user=user_of(request), again=request.POST.get("again") == "yes")
        if "HX-Request" not in request.headers:
            return redirect(reverse("revision", args=[slug, node.revision]) + "#sql")
    found = _sql(request, project, node)
    if found["kept"] and found["sql"] is None and request.GET.get("seen") == "asked":
        return HttpResponse(status=204)
    return render(request, "dashboard/partials/revision_sql.html", {"project": project, "node": node, "is_part": True} | found)


@login_required
@require_GET
def sql_text(request: HttpRequest, slug: str, revision: str) -> HttpResponse:
    """The chosen SQL as text, to be taken elsewhere."""
    project, _, _, node = _found(request, slug, revision)
    chosen = _sql(request, project, node)["sql"]
    if chosen is None:
        raise NotFound(
            gettext("The SQL of %(revision)s has not been written. Open the revision's page to ask for it.") % {"revision": node.revision}
        )
    text = "\n".join(revision_view.text(chosen)) + "\n"
    answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
    answer["Content-Disposition"] = f'inline; filename="{chosen.dialect}-{chosen.way}.sql"'
    return answer


def _found(request: HttpRequest, slug: str, revision: str) -> tuple[Project, Snapshot, Graph, RevisionNode]:
    project = queries.get_project(user_of(request), slug)
    snapshot = project.latest_snapshot
    if snapshot is None:
        unread = gettext("%(project)s has not been read yet, so there is no revision %(revision)r.")
        raise NotFound(unread % {"project": project.slug, "revision": revision[:40]})
    graph = graphs.load(snapshot)
    return project, snapshot, graph, _node(graph, project, revision)


def _node(graph: Graph, project: Project, revision: str) -> RevisionNode:
    """By its id or the unique beginning of one."""
    if revision in graph.revisions:
        return graph.revisions[revision]
    found = [known for known in graph.revisions if known.startswith(revision)]
    if len(found) == 1:
        return graph.revisions[found[0]]
    if found:
        several = gettext("%(revision)s is ambiguous in %(project)s: %(found)s.")
        raise NotFound(several % {"revision": revision[:40], "project": project.slug, "found": ", ".join(found[:5])})
    none = gettext("The newest code of %(project)s has no revision %(revision)r. Another branch may have it; read the code again.")
    raise NotFound(none % {"project": project.slug, "revision": revision[:40]})


def _text(request: HttpRequest, project: Project, snapshot: Snapshot, node: RevisionNode) -> dict[str, Any]:
    """The source, with the findings."""
    told = findings_of(snapshot, node.revision)
    accepting = finding_view.Accepting.by(user_of(request), project, reverse("revision", args=[project.slug, node.revision]))
    blocking = blocking_in(project)
    ways = [[one for one in told if (one.direction == "downgrade") is back] for back in (False, True)]
    upward, downward = (finding_view.shown(found, accepting, source="#L", blocking=blocking) for found in ways)
    source = queries.revision_source(snapshot, node.revision)
    parts = revision_view.parts(highlight.lines(source, "python") if source else (), upward.live)
    return {"source": source, "parts": parts, "upward": upward, "downward": downward}


def _history(graph: Graph, node: RevisionNode) -> dict[str, Any]:
    return {
        "parents": [(parent, graph.revisions.get(parent)) for parent in node.down_revisions],
        "children": [other for other in graph.revisions.values() if node.revision in other.down_revisions],
        "needs": [(need, graph.revisions.get(need)) for need in node.depends_on],
        "needed_by": [other for other in graph.revisions.values() if node.revision in other.depends_on],
        "faults": [fault for fault in graph.faults if fault.path == node.path and fault.kind not in FAULTS],
    }


def _impact(snapshot: Snapshot, node: RevisionNode) -> dict[str, Any]:
    upgrade, back = effects_of_steps(snapshot, [(node.revision, "upgrade"), (node.revision, "downgrade")])
    reversible = revision_view.reversibility(upgrade, node.downgrade)
    return {"objects": touched.objects(snapshot, node.revision), "effects": upgrade, "back": back, "reversible": reversible}


def _applied(request: HttpRequest, project: Project, graph: Graph, node: RevisionNode, source: str) -> dict[str, Any]:
    databases = list(environments.databases(user_of(request), project=project))
    places = [revision_view.place(one, node.revision) for one in applied.of_revision(databases, graph, node)]
    return {
        "places": places,
        "applied": sum(place.applied.here for place in places),
        "edited": [place for place in places if place.applied.edited],
        "edits": revision_view.differences(source, places),
        "upgrade": revision_view.upgradable(places, user_of(request)),
    }


def _sql(request: HttpRequest, project: Project, node: RevisionNode) -> dict[str, Any]:
    kept = revision_sql.found(project, node)
    chosen = revision_view.sql(kept, request.GET.get("dialect", ""), request.GET.get("way", ""))
    return {"kept": kept, "sql": chosen, "may_ask": reach(user_of(request), Action.CHECK).touches(project=project)}
