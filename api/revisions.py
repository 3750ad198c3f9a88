"""The history of a project, and each revision in it."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Status

from accounts.models import User
from api.auth import user_of
from api.findings import FindingShown
from api.paging import PageQuery
from api.schemas import Body, Listed, Shown, Time
from api.times import shown
from config.errors import NotFound
from environments.findings import findings_of
from environments.queries import databases
from jobs import applied, revision_sql
from jobs.applied import Applied
from migrations_store import graph as graphs
from migrations_store import queries, touched
from migrations_store.effects import effects_of_steps
from migrations_store.graph import Graph, RevisionNode
from migrations_store.models import Project, RevisionSql, Snapshot

router = Router(tags=["projects"])


class RevisionShown(Shown):
    """`applied_in` names, in order, the environments where at least one database has it."""

    revision: str
    down_revisions: list[str]
    depends_on: list[str]
    branch_labels: list[str]
    message: str
    is_head: bool
    is_effective_head: bool
    is_base: bool
    is_merge: bool
    is_branch_point: bool
    path: str
    applied_in: list[str]


class AppliedShown(Shown):
    """One database of the project. `outside`: no job of ours brought it there. `edited`: the file that ran (`checksum`) is not today's."""

    database: str
    environment: str
    name: str
    applied: bool
    outside: bool
    at: Time | None
    job: str | None
    by: str | None
    direction: str | None
    duration_ms: float | None
    checksum: str | None
    edited: bool


class SqlShown(Shown):
    """`state` is none (nobody has asked), asked or ready. `dialects` maps each to its `upgrade` and `downgrade`, each
    `{sql, sql_unavailable}`; where there is nothing at all, `unavailable` says why."""

    state: str
    dialects: dict[str, Any]
    unavailable: str
    written_at: Time | None


class AskForSql(Body):
    """`again`: also if it is there already, for env.py may be another by now."""

    again: bool = False


class RevisionDetail(RevisionShown):
    """`downgrade` is present, empty, raises or absent; `checksum` is the SHA-256 of the file. `objects` and `effects` are by direction:
    what is touched ({what, kind, object, line}), and what is lost, not rolled back after a failure, or not told by the text."""

    source: str
    downgrade: str
    findings: list[FindingShown]
    checksum: str
    children: list[str]
    needed_by: list[str]
    objects: dict[str, list[dict[str, Any]]]
    effects: dict[str, dict[str, Any]]
    applied: list[AppliedShown]
    sql: SqlShown


class HistoryShown(Listed[RevisionShown]):
    """The part of the history that was asked for, and the ends of the whole."""

    heads: list[str]
    bases: list[str]
    snapshot: str


@router.get("/{slug}/revisions", response=HistoryShown, summary="The history, newest first")
def list_revisions(request: HttpRequest, slug: str, page: PageQuery, q: Annotated[str, Query(max_length=200)] = "") -> dict[str, Any]:
    project = queries.get_project(user_of(request), slug)
    snapshot, graph = _graph(project)
    applied = _applied(user_of(request), project, graph)
    found = queries.search(graph, q)
    items = [revision_shown(graph.revisions[id], applied) for id in found[page.offset : page.offset + page.limit]]
    return {"items": items, "count": len(found), "heads": graph.heads, "bases": graph.bases, "snapshot": str(snapshot.pk)}


@router.post("/{slug}/revisions/{path:revision}/sql", response={202: SqlShown}, summary="Ask for a revision's SQL")
def ask_for_sql(request: HttpRequest, slug: str, revision: str, payload: AskForSql | None = None) -> Status[dict[str, Any]]:
    project = queries.get_project(user_of(request), slug)
    _, _, node = _found(project, revision)
    return Status(202, _sql(revision_sql.ask(project, node, user=user_of(request), again=bool(payload and payload.again))))


@router.get("/{slug}/revisions/{path:revision}/sql", response=SqlShown, summary="A revision's SQL")
def get_sql(request: HttpRequest, slug: str, revision: str) -> dict[str, Any]:
    project = queries.get_project(user_of(request), slug)
    _, _, node = _found(project, revision)
    return _sql(revision_sql.found(project, node))


@router.get("/{slug}/revisions/{path:revision}", response=RevisionDetail, summary="One revision with its source")
def get_revision(request: HttpRequest, slug: str, revision: str) -> dict[str, Any]:
    user = user_of(request)
    project = queries.get_project(user, slug)
    snapshot, graph, node = _found(project, revision)
    upgrade, downgrade = effects_of_steps(snapshot, [(revision, "upgrade"), (revision, "downgrade")])
    objects = touched.objects(snapshot, revision)
    where = applied.of_revision(list(databases(user, project=project)), graph, node)
    return revision_shown(node, _applied(user, project, graph)) | {
        "source": queries.revision_source(snapshot, revision),
        "downgrade": node.downgrade,
        "findings": [finding.as_json() for finding in findings_of(snapshot, revision)],
        "checksum": node.sha256,
        "children": [other.revision for other in graph.revisions.values() if revision in other.down_revisions],
        "needed_by": [other.revision for other in graph.revisions.values() if revision in other.depends_on],
        "objects": {way: [one.as_json() for one in found] for way, found in objects.items()},
        "effects": {"upgrade": upgrade.as_json(), "downgrade": downgrade.as_json()},
        "applied": [_applied_shown(one) for one in where],
        "sql": _sql(revision_sql.found(project, node)),
    }


def _found(project: Project, revision: str) -> tuple[Snapshot, Graph, RevisionNode]:
    snapshot, graph = _graph(project)
    node = graph.revisions.get(revision)
    if node is None:
        raise NotFound(f"There is no revision {revision[:60]!r} in {project.slug}.")
    return snapshot, graph, node


def _applied_shown(one: Applied) -> dict[str, Any]:
    step, database = one.step, one.database
    return {
        "database": str(database.pk),
        "environment": database.environment.slug,
        "name": database.name,
        "applied": one.here,
        "outside": one.outside,
        "at": shown(one.at),
        "job": str(step.job_id) if step else None,
        "by": step.job.requested_by.username if step else None,
        "direction": step.direction if step else None,
        "duration_ms": step.duration_ms if step else None,
        "checksum": (step.checksum or None) if step else None,
        "edited": bool(one.edited),
    }


def _sql(kept: RevisionSql | None) -> dict[str, Any]:
    if kept is None:
        return {"state": "none", "dialects": {}, "unavailable": "", "written_at": None}
    is_ready = kept.state == RevisionSql.State.READY
    return {
        "state": kept.state,
        "dialects": kept.dialects if is_ready else {},
        "unavailable": kept.unavailable if is_ready else "",
        "written_at": shown(kept.written_at) if is_ready else None,
    }


def revision_shown(node: RevisionNode, applied: dict[str, set[str]]) -> dict[str, Any]:
    lists = {name: list(getattr(node, name)) for name in ("down_revisions", "depends_on", "branch_labels")}
    flags = {name: getattr(node, name) for name in ("is_head", "is_effective_head", "is_base", "is_merge", "is_branch_point")}
    where = [slug for slug, revisions in applied.items() if node.revision in revisions]
    return {"revision": node.revision, **lists, "message": node.message, **flags, "path": node.path, "applied_in": where}


def _graph(project: Project) -> tuple[Snapshot, Graph]:
    snapshot = Snapshot.objects.defer("graph", "manifest").filter(project=project).first()
    if snapshot is None:
        raise NotFound(f"The code of {project.slug} has not been read yet. Take a snapshot first.")
    return snapshot, graphs.load(snapshot)


def _applied(user: User, project: Project, graph: Graph) -> dict[str, set[str]]:
    """By environment, in order, what at least one of its databases has. One query."""
    found: dict[str, set[str]] = {}
    rows = databases(user, project=project).order_by("environment__position", "environment__slug")
    for slug, current in rows.values_list("environment__slug", "current"):
        found.setdefault(slug, set()).update(graph.ancestors(current))
    return found
