"""The SQL of one revision for every kind of database, both ways: written by Alembic's offline mode in a child process that may open no
connection and knows no password, when somebody asks for it, and kept for the content of the file."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require_part
from config.doorbell import ring
from environments.models import Database, Environment
from jobs import previews, spec, supervisor
from jobs.models import Plan
from migrations_store import graph as graphs
from migrations_store.graph import RevisionNode
from migrations_store.models import Project, RevisionSql, Snapshot

TASK = "jobs.tasks.write_revision_sql"
FORGOTTEN = timedelta(seconds=60)
RUNG_AT_ONCE = 20
GONE = "The code is another by now: it no longer has this file."
Written = dict[str, dict[str, dict[str, str | None]]]


def found(project: Project, node: RevisionNode) -> RevisionSql | None:
    return RevisionSql.objects.filter(project=project, sha256=node.sha256).first()


def ask(project: Project, node: RevisionNode, *, user: User, again: bool = False) -> RevisionSql:
    """Asks a worker for it, unless it is there; with `again` also then, for env.py may be another by now."""
    require_part(user, Action.CHECK, project=project)
    with transaction.atomic():
        wanted, _ = RevisionSql.objects.get_or_create(project=project, sha256=node.sha256, defaults={"revision": node.revision})
        if again and wanted.state == RevisionSql.State.READY:
            RevisionSql.objects.filter(pk=wanted.pk).update(state=RevisionSql.State.ASKED, asked_at=Now())
            wanted.refresh_from_db()
        if wanted.state == RevisionSql.State.ASKED:
            transaction.on_commit(lambda: ring(TASK, wanted.pk))
    return wanted


def write(id: int) -> None:
    """For the worker; what is there is left alone."""
    asked = RevisionSql.objects.select_related("project").filter(pk=id, state=RevisionSql.State.ASKED).first()
    if asked is None:
        return
    snapshot = asked.project.latest_snapshot
    node = _node(snapshot, asked.sha256) if snapshot else None
    dialects, unavailable = _written(asked.project, snapshot, node) if snapshot and node else ({}, GONE)
    done = {"state": RevisionSql.State.READY, "dialects": dialects, "unavailable": unavailable, "written_at": Now()}
    RevisionSql.objects.filter(pk=id, state=RevisionSql.State.ASKED).update(**done)


def sweep() -> None:
    """What a worker that vanished has left is rung for again."""
    old = RevisionSql.objects.filter(state=RevisionSql.State.ASKED, asked_at__lt=timezone.now() - FORGOTTEN)
    for id in old.values_list("pk", flat=True)[:RUNG_AT_ONCE]:
        ring(TASK, id)


def _node(snapshot: Snapshot, sha256: str) -> RevisionNode | None:
    return next((node for node in graphs.load(snapshot).revisions.values() if node.sha256 == sha256), None)


def _written(project: Project, snapshot: Snapshot, node: RevisionNode) -> tuple[Written, str]:
    told: dict[str, Any] = {}
    errors: list[str] = []

    def on_event(event: dict[str, Any]) -> None:
        if event.get("event") == "dialects":
            told.update(event)
        elif event.get("event") == "error":
            errors.append(previews.sentence(event))

    end = supervisor.run(
        _document(project, Snapshot.objects.get(pk=snapshot.pk), node),
        spec.interpreter(project),
        on_event=on_event,
        timeout=settings.PREVIEW_TIMEOUT,
    )
    if told.get("dialects"):
        return told["dialects"], ""
    return {}, told.get("unavailable") or previews.reason(end, errors)


def _document(project: Project, snapshot: Snapshot, node: RevisionNode) -> spec.Spec:
    """As for the preview of a plan with this step alone."""
    steps = [{"revision": node.revision, "direction": "upgrade"}]
    plan = Plan(database=_database(project), snapshot=snapshot, command="upgrade", steps=steps, to_heads=[node.revision])
    plan.from_heads = sorted(node.down_revisions)
    return spec.build(plan, snapshot, password=None) | {"command": "preview", "preview_direction": "upgrade", "every_dialect": True}


def _database(project: Project) -> Database:
    """Whose URL env.py gets: that of the first environment. Without any, one that leads nowhere."""
    related = Database.objects.select_related("project", "environment").filter(project=project)
    nowhere = Database(project=project, environment=Environment(slug="offline", name="offline"), driver="sqlite", database=":memory:")
    return related.order_by("environment__position", "environment__slug", "name").first() or nowhere
