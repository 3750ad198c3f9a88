"""Registering projects and reading their code."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.forms.models import model_to_dict
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require, require_part
from audit.services import record
from config.doorbell import ring
from config.rows import hold
from migrations_store import manifests, risks
from migrations_store.configuration import read_configuration
from migrations_store.errors import ChangedMeanwhile, ConfigurationError, SlugTaken, SourceError, StillUsed
from migrations_store.fields import fill_project
from migrations_store.models import KnownRevision, Project, Snapshot, SourceKind, SourceText
from migrations_store.reading import CodeReading, read_code

NOT_READ_BY = {"slug", "name", "reviews_needed"}  # what can be changed without reading the code again


def create_project(*, user: User, fields: dict[str, Any]) -> Project:
    """Registers a project and takes its first snapshot; code that cannot be read registers nothing."""
    require(user, Action.CONFIGURE)
    project = Project()
    fill_project(project, fields)
    code = _read_for(project)
    with _unique_slug(project), transaction.atomic():
        project.save(force_insert=True)
        record(user.username, "project.create", f"project {project.slug}", **_source(project))
        _keep(project, code, user.username)
    return project


def update_project(project: Project, *, user: User, fields: dict[str, Any]) -> Project:
    """Changes the fields that are named, and reads the code again where they say how."""
    require(user, Action.CONFIGURE, project=project)
    before = _how_read(project)
    fill_project(project, fields)
    code = _read_for(project) if set(fields) - NOT_READ_BY else None
    with _unique_slug(project), transaction.atomic():
        hold(project)
        if code and _how_read(project) != before:
            raise ChangedMeanwhile(f"Somebody has changed {project.slug} while its code was read. Nothing of yours was kept; try it again.")
        fill_project(project, fields)
        project.save()
        record(user.username, "project.update", f"project {project.slug}", fields=sorted(fields))
        if code:
            _keep(project, code, user.username)
    return project


def _how_read(project: Project) -> dict[str, Any]:
    """The fields that say where the code is, how it is read and how it runs."""
    return model_to_dict(project, exclude=NOT_READ_BY)


def _read_for(project: Project) -> CodeReading:
    """Before anything is written: a fetch may take a minute, and a transaction would hold up everyone else for as long."""
    _refuse_taken_slug(project)
    code = read_code(project)
    _ = code.revisions
    return code


@contextmanager
def _unique_slug(project: Project) -> Iterator[None]:
    try:
        yield
    except IntegrityError:
        _refuse_taken_slug(project)
        raise


def _refuse_taken_slug(project: Project) -> None:
    if Project.objects.filter(slug=project.slug).exclude(pk=project.pk).exists():
        raise SlugTaken(f"There already is a project {project.slug}. Choose another slug.")


def delete_project(project: Project, *, user: User) -> None:
    """Forgets the project with its databases, plans and jobs; no database and no file is touched. Refused while a job of it runs."""
    require(user, Action.CONFIGURE, project=project)
    with transaction.atomic():
        hold(project, to_delete=True)
        _refuse_working(project)
        record(
            user.username, "project.delete", f"project {project.slug}", databases=[str(database) for database in project.databases.all()]
        )
        project.delete()


def _refuse_working(project: Project) -> None:
    """No job is added to its databases from here on, and no worker begins one of those that are about to be forgotten."""
    list(project.databases.select_for_update().order_by("pk").values_list("pk"))
    for database in project.databases.filter(jobs__finished_at=None).distinct().order_by("pk"):
        if "running" in [job.status for job in database.jobs.select_for_update().order_by("pk")]:
            raise StillUsed(f"A job is running on {database}, so {project.slug} stays. Cancel the job or wait until it has ended.")


def take_snapshot(project: Project, *, user: User | None = None) -> Snapshot:
    """Reads the code again. Unchanged code gives the snapshot that is there already."""
    if user:
        require_part(user, Action.CHECK, project=project)
    return _keep(project, read_code(project), user.username if user else "scheduler")


def refresh_if_directory(project: Project) -> Snapshot:
    """The newest snapshot; a directory is read again first, a repository only when asked."""
    latest = project.latest_snapshot
    if latest is None or project.source_kind == SourceKind.DIRECTORY:
        return take_snapshot(project)
    return latest


def verify_unchanged(snapshot: Snapshot) -> list[str]:
    """The paths whose content is no longer what the snapshot saw: of a directory, or of a checkout that something wrote into."""
    root = Path(snapshot.root)
    if not root.is_dir():
        return [snapshot.root]
    try:
        now = manifests.read_manifest(root, read_configuration(snapshot.project, root))
    except (SourceError, ConfigurationError) as error:
        return [str(error)]
    paths = sorted(now.keys() | snapshot.manifest.keys())
    return [path for path in paths if now.get(path) != snapshot.manifest.get(path)]


def _source(project: Project) -> dict[str, str]:
    place = project.source_path if project.source_kind == SourceKind.DIRECTORY else f"{project.source_url} {project.source_ref}"
    return {"kind": project.source_kind, "source": place}


# --- snapshots


def _keep(project: Project, code: CodeReading, actor: str) -> Snapshot:
    known = Snapshot.objects.defer("graph", "manifest").filter(project=project, digest=code.digest).first()
    if known:
        return _seen_again(known, code)
    content = _content(code)
    with transaction.atomic():
        snapshot, is_new = Snapshot.objects.get_or_create(project=project, digest=code.digest, defaults=content)
        if is_new:
            _keep_revisions(snapshot, code)
            facts = {"commit": code.commit, "revisions": snapshot.revision_count, "heads": snapshot.heads}
            record(actor, "snapshot.take", f"project {project.slug}", digest=code.digest, **facts)
            transaction.on_commit(lambda: ring(risks.TASK, snapshot.pk))
    return snapshot


def _content(code: CodeReading) -> dict[str, Any]:
    document = code.revisions.document
    return {
        "commit": code.commit,
        "root": str(code.root),
        "manifest": code.manifest,
        "graph": document,
        "heads": document["heads"],
        "bases": document["bases"],
        "revision_count": len(document["revisions"]),
        "warnings": code.warnings(),
        "read_at": timezone.now(),
    }


def _keep_revisions(snapshot: Snapshot, code: CodeReading) -> None:
    """What outlives the snapshot's being the newest: the files' texts, and which revisions there ever were."""
    texts = [SourceText(sha256=key, text=text) for key, text in code.revisions.texts.items()]
    SourceText.objects.bulk_create(texts, ignore_conflicts=True, batch_size=200)
    _know(snapshot.project_id, {facts["revision"]: facts["message"] for facts in code.revisions.document["revisions"]})


def _know(project_id: int, messages: dict[str, str]) -> None:
    """Adds the revisions that are new, and mends the messages that are others now."""
    longest = KnownRevision.LONGEST
    told = {id: message[:longest] for id, message in messages.items() if len(id) <= longest}
    kept = {row.revision: row for row in KnownRevision.objects.filter(project=project_id)}
    new = [KnownRevision(project_id=project_id, revision=id, message=message) for id, message in told.items() if id not in kept]
    other = [kept[id] for id, message in told.items() if id in kept and kept[id].message != message]
    for row in other:
        row.message = told[row.revision]
    KnownRevision.objects.bulk_create(new, ignore_conflicts=True, batch_size=500)
    KnownRevision.objects.bulk_update(other, ["message"], batch_size=300)


def _seen_again(known: Snapshot, code: CodeReading) -> Snapshot:
    """The newest snapshot is the one that was read last: code that went back to an earlier state has that state's snapshot again.

    The root may have moved with the same content in it. A clock that was set back must not make the newest look old.
    """
    newest = Snapshot.objects.filter(project=known.project_id).aggregate(at=Max("read_at"))["at"]
    known.read_at = max(timezone.now(), newest + timedelta(microseconds=1))
    known.root = str(code.root)
    Snapshot.objects.filter(pk=known.pk).update(read_at=known.read_at, root=known.root)
    return known
