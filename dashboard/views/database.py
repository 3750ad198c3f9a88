"""One database: where it is, what is pending, what its state means, and what was done to it."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.permissions import Action, may, require
from config.errors import Refused
from config.retelling import told
from dashboard import database_view, moves, plan_view, revision_list
from dashboard.requests import user_of
from environments import policies, queries, services, urls, wording
from environments.models import Database
from environments.permissions import may_on
from environments.urls import dialect
from jobs import applied
from jobs import queries as jobs
from migrations_store import graph as graphs
from migrations_store import risks
from migrations_store.graph import Graph

JOBS_SHOWN = 10
PENDING_SHOWN = 50


@login_required
@require_GET
def database(request: HttpRequest, id: str) -> HttpResponse:
    user = user_of(request)
    found = queries.get_database(user, id)
    family = list(queries.databases(user, project=found.project))
    history = list(jobs.jobs(user, database=found)[: JOBS_SHOWN + 1])
    active = jobs.active_jobs([found]).get(found.pk)
    snapshot = found.project.latest_snapshot
    graph = graphs.load(snapshot) if snapshot else None
    partial = jobs.left_partial(found)
    context = {
        "database": found,
        "partial": partial,
        "active": active,
        "look": database_view.look(found, active, partial),
        "explanation": database_view.explain(found, set(graph.revisions) if graph else set(), partial),
        "is_behind": found.pending_count or database_view.is_awaited(found),
        "shown_url": urls.shown(found),
        "version_table": database_view.version_table(found),
        "move": None if active or partial else moves.next_move(found, family),
        "history": history[:JOBS_SHOWN],
        "more_jobs": len(history) > JOBS_SHOWN,
        "policy_words": wording.in_words(policies.rules_for(found), found.environment),
        "edited": applied.edited(found, graph) if graph else [],
        "outside": database_view.moved_outside(found),
        "may_audit": may(user, Action.AUDIT),
        "may_check": may_on(user, Action.CHECK, found),
        "may_configure": may(user, Action.CONFIGURE),
    }
    return render(request, "dashboard/database.html", context | _places(found, graph))


@login_required
@require_POST
def check(request: HttpRequest, id: str) -> HttpResponse:
    """Rings for a reading of the version table; the page shows it when it is there."""
    user = user_of(request)
    found = queries.get_database(user, id)
    require(user, Action.CHECK, project=found.project, environment=found.environment)
    try:
        services.request_check(found, user=user)
        messages.success(request, _("Reading %(database)s now. Reload the page in a moment to see what it says.") % {"database": found})
    except Refused as refused:
        messages.error(request, told(str(refused)))
    return redirect("database", found.pk)


def _places(found: Database, graph: Graph | None) -> dict[str, Any]:
    """Now, next, and the pending revisions between, newest first."""
    if graph is None:
        return {"now": [(revision, "") for revision in found.current], "next": [], "pending": [], "dots": [], "more_pending": 0}
    pending = [graph.revisions[revision] for revision in reversed(found.pending) if revision in graph.revisions]
    shown = pending[:PENDING_SHOWN]
    levels = risks.known((node.sha256 for node in shown), {dialect(found.driver)})
    return {
        "now": plan_view.named(found.current, graph),
        "next": [graph.revisions[head] for head in graph.real_heads],
        "pending": revision_list.rows(shown, levels),
        "more_pending": max(0, len(pending) - PENDING_SHOWN),
        "dots": plan_view.dots(len(pending)),
    }
