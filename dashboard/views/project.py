"""One project: the history of its revisions with every database's place in it, its databases and its jobs."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from accounts.permissions import Action, may, reach, require_part
from config.errors import NotFound, Refused
from config.retelling import told
from dashboard import database_view, graph_page, graph_svg, graph_when, moves, proposal_view, svg
from dashboard.requests import user_of
from environments import queries as environments
from environments import services
from environments.models import Database
from jobs import queries as jobs
from jobs.models import Job
from jobs.proposals import queries as proposals
from migrations_store import graph as graphs
from migrations_store import queries
from migrations_store.models import Project, Proposal, Snapshot

TABS = ("history", "databases", "jobs")
JOBS_SHOWN = 50
PROPOSALS_SHOWN = 3


@login_required
@require_GET
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """`?tab=` chooses the part; graph_page.Asked tells what else an address may ask. `?part=rows` answers with rows alone, for htmx."""
    user = user_of(request)
    found = queries.get_project(user, slug)
    tab = request.GET.get("tab", "history")
    databases = list(environments.databases(user, project=found))
    context = _proposals(found, user) | _head(found, databases, user, tab if tab in TABS else "history")
    if context["tab"] == "jobs":
        context["jobs"] = list(jobs.jobs(user).filter(database__project=found)[:JOBS_SHOWN])
    elif context["tab"] == "history" and context["graph"]:
        asked = graph_page.Asked.read(request.GET)
        context |= graph_page.history(asked, context["graph"], context["snapshot"], databases, context["withheld"])
        if (when := graph_when.chosen(context["replay"], request.GET)) is not None:
            return redirect(request.path + asked.at_moment(when))
        if request.headers.get("HX-Request") and request.GET.get("part") == "rows":
            return render(request, "dashboard/partials/graph_rows.html", context)
    return render(request, "dashboard/project.html", context)


@login_required
@require_GET
def history_svg(request: HttpRequest, slug: str) -> HttpResponse:
    """The whole history as a drawing that stands alone, for documents."""
    user = user_of(request)
    found = queries.get_project(user, slug)
    snapshot = found.latest_snapshot
    if snapshot is None:
        raise NotFound(_("%(project)s has not been read yet, so there is nothing to draw.") % {"project": found.slug})
    drawing = graph_svg.draw(found, snapshot, list(environments.databases(user, project=found)))
    return svg.answer(drawing, graph_svg.STYLE, f"{found.slug}-history.svg")


@login_required
@require_POST
def read_code(request: HttpRequest, slug: str) -> HttpResponse:
    """Takes a new snapshot, and judges the databases against it."""
    user = user_of(request)
    found = queries.get_project(user, slug)
    require_part(user, Action.CHECK, project=found)
    try:
        snapshot = services.refresh_project(found, user=user)
        messages.success(request, _read(snapshot))
    except Refused as refused:
        messages.error(request, _("The code could not be read. %(why)s") % {"why": told(str(refused))})
    return redirect("project", found.slug)


def _head(found: Project, databases: list[Database], user: User, tab: str) -> dict[str, Any]:
    snapshot = found.latest_snapshot
    graph = graphs.load(snapshot) if snapshot else None
    active, partials = jobs.active_jobs(databases), jobs.left_partials(databases)
    within = [one for one in databases if may(user, Action.CHECK, project=found, environment=one.environment)]
    return {
        "project": found,
        "snapshot": snapshot,
        "graph": graph,
        "warnings": _warnings(snapshot, graph),
        "tab": tab,
        "databases": databases,
        "withheld": {*active, *partials},
        "places": [_place(database, active.get(database.pk), partials.get(database.pk)) for database in databases],
        "move": moves.first_move(within, {*active, *partials}),
        "heads_word": _heads(len(graph.real_heads)) if graph else "",
        "faults_word": _faults(len(graph.faults)) if graph else "",
        "may_check": reach(user, Action.CHECK).touches(project=found),
        "may_check_all": reach(user, Action.RUN).touches(project=found),
        "may_configure": may(user, Action.CONFIGURE),
    }


def _place(database: Database, job: Job | None, partial: Job | None) -> tuple[Any, ...]:
    """With its badge, and the job to look at: one under way, or one of which a part has stayed."""
    return database, *database_view.look(database, job, partial), job or partial


def _proposals(found: Project, user: User) -> dict[str, Any]:
    """The newest of those that are not settled, and how many these are."""
    unsettled = proposals.proposals(user, project=found).exclude(status__in=(Proposal.Status.CLOSED, Proposal.Status.EMPTY))
    newest = list(unsettled[:PROPOSALS_SHOWN])
    stands = proposals.standings(newest)
    return {"proposals": [proposal_view.item(one, stands[one.pk]) for one in newest], "proposal_count": unsettled.count()}


def _warnings(snapshot: Snapshot | None, graph: graphs.Graph | None) -> list[dict[str, Any]]:
    """What the snapshot warns of, without the faults, which the graph tells itself."""
    told = {fault.message for fault in graph.faults} if graph else set()
    return [warning for warning in snapshot.warnings if warning["message"] not in told] if snapshot else []


def _read(snapshot: Snapshot) -> str:
    count = snapshot.revision_count
    told = ngettext("The code was read: %(count)s revision, %(heads)s.", "The code was read: %(count)s revisions, %(heads)s.", count)
    return told % {"count": count, "heads": _heads(len(snapshot.heads))}


def _heads(count: int) -> str:
    return ngettext("%(count)s head", "%(count)s heads", count) % {"count": count}


def _faults(count: int) -> str:
    return ngettext("%(count)s fault", "%(count)s faults", count) % {"count": count}
