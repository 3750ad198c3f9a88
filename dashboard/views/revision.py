"""One revision: its source, its place in the history, and where it is applied."""

from dataclasses import dataclass

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.permissions import Action, may
from config.errors import NotFound
from dashboard import finding_view, highlight
from dashboard.requests import user_of
from environments import queries as environments
from environments.findings import findings_of
from environments.models import Database, DatabaseState
from jobs import queries as jobs
from jobs.models import Job
from migrations_store import graph as graphs
from migrations_store import queries
from migrations_store.graph import Graph, RevisionNode
from migrations_store.models import Project

DOWNGRADES = {
    "present": ("ok", "check", "Has a downgrade"),
    "empty": ("warn", "warn", "Downgrade does nothing"),
    "raises": ("warn", "x", "Downgrade refuses"),
    "absent": ("warn", "x", "No downgrade"),
}
UNSURE = (DatabaseState.UNCHECKED, DatabaseState.UNREACHABLE)


@dataclass(frozen=True)
class Place:
    """What one database says of the revision. `note` is where in the queue of pending ones it stands."""

    database: Database
    tone: str
    icon: str
    word: str
    note: str
    job: Job | None


@login_required
@require_GET
def revision(request: HttpRequest, slug: str, revision: str) -> HttpResponse:
    user = user_of(request)
    project = queries.get_project(user, slug)
    snapshot = project.latest_snapshot
    if snapshot is None:
        raise NotFound(f"{project.slug} has not been read yet, so there is no revision {revision[:40]!r}.")
    graph = graphs.load(snapshot)
    node = _node(graph, project, revision)
    told = findings_of(snapshot, node.revision)
    accepting = finding_view.Accepting.by(user, project, reverse("revision", args=[slug, node.revision]))
    places = _places(list(environments.databases(user, project=project)), graph, node)
    context = {
        "project": project,
        "snapshot": snapshot,
        "node": node,
        "lines": highlight.lines(queries.revision_source(snapshot, node.revision), "python"),
        "downgrade": DOWNGRADES.get(node.downgrade),
        "parents": [(parent, graph.revisions.get(parent)) for parent in node.down_revisions],
        "children": [other for other in graph.revisions.values() if node.revision in other.down_revisions],
        "needs": [(need, graph.revisions.get(need)) for need in node.depends_on],
        "needed_by": [other for other in graph.revisions.values() if node.revision in other.depends_on],
        "faults": [fault for fault in graph.faults if fault.path == node.path],
        "upward": finding_view.shown([finding for finding in told if finding.direction != "downgrade"], accepting, has_source=True),
        "downward": finding_view.shown([finding for finding in told if finding.direction == "downgrade"], accepting, has_source=True),
        "places": places,
        "applied": sum(place.word == "Applied" for place in places),
        "upgrade": _upgradable(places, user),
    }
    return render(request, "dashboard/revision.html", context)


def _node(graph: Graph, project: Project, revision: str) -> RevisionNode:
    """By its id or the unique beginning of one."""
    if revision in graph.revisions:
        return graph.revisions[revision]
    found = [known for known in graph.revisions if known.startswith(revision)]
    if len(found) == 1:
        return graph.revisions[found[0]]
    if found:
        raise NotFound(f"{revision[:40]} is ambiguous in {project.slug}: {', '.join(found[:5])}.")
    raise NotFound(f"The newest code of {project.slug} has no revision {revision[:40]!r}. Another branch may have it; read the code again.")


def _places(databases: list[Database], graph: Graph, node: RevisionNode) -> list[Place]:
    ran = jobs.jobs_of_revision(databases, node.revision)
    return [_place(database, graph, node, ran.get(database.pk)) for database in databases]


def _place(database: Database, graph: Graph, node: RevisionNode, job: Job | None) -> Place:
    if job is not None and job.status == "running":
        return Place(database, "run", "ring", "Running", "", job)
    if node.revision in graph.ancestors(database.current):
        return Place(database, "ok", "check", "Applied", "", job)
    if database.state in UNSURE and not database.current:
        return Place(database, "idle", "q", database.get_state_display(), "", job)
    if node.revision in database.pending:
        note = f"{database.pending.index(node.revision) + 1} of {len(database.pending)} pending"
        return Place(database, "idle", "up", "Pending", note, job)
    return Place(database, "idle", "dashring", "Not applied", "", job)


def _upgradable(places: list[Place], user: User) -> Place | None:
    """The first database, in the order of environments, that waits for this revision and that the user may plan for."""
    pending = (place for place in places if place.word == "Pending")
    return next((place for place in pending if _may_plan(user, place.database)), None)


def _may_plan(user: User, database: Database) -> bool:
    return may(user, Action.CHECK, project=database.project, environment=database.environment)
