"""Registering projects and reading their code."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require
from audit.services import record
from migrations_store import graph, manifests
from migrations_store.configuration import Configuration, Warned, read_configuration
from migrations_store.errors import ConfigurationError, SlugTaken, SourceError
from migrations_store.fields import fill_project
from migrations_store.models import Project, Snapshot, SourceKind, SourceText
from migrations_store.scripts import ScriptFacts, decode, read_script
from migrations_store.sources import SourceReading, read_source

READS = ("config_path", "section", "script_location", "version_locations")


def create_project(*, user: User, fields: dict[str, Any]) -> Project:
    """Registers a project and takes its first snapshot; code that cannot be read registers nothing."""
    require(user, Action.CONFIGURE)
    project = Project()
    fill_project(project, fields)
    try:
        with transaction.atomic():
            project.save(force_insert=True)
            record(user.username, "project.create", f"project {project.slug}", **_source(project))
            _snapshot(project, user.username)
    except IntegrityError:
        raise SlugTaken(f"There already is a project {project.slug}. Choose another slug.") from None
    return project


def update_project(project: Project, *, user: User, fields: dict[str, Any]) -> Project:
    """Changes the fields that are named, and reads the code again where they say how."""
    require(user, Action.CONFIGURE)
    fill_project(project, fields)
    try:
        with transaction.atomic():
            project.save()
            record(user.username, "project.update", f"project {project.slug}", fields=sorted(fields))
            if set(fields) - {"slug", "name"}:
                _snapshot(project, user.username)
    except IntegrityError:
        raise SlugTaken(f"There already is a project {project.slug}. Choose another slug.") from None
    return project


def delete_project(project: Project, *, user: User) -> None:
    """Forgets the project with its databases, plans and jobs; no database and no file is touched."""
    require(user, Action.CONFIGURE)
    with transaction.atomic():
        record(
            user.username, "project.delete", f"project {project.slug}", databases=[str(database) for database in project.databases.all()]
        )
        project.delete()


def take_snapshot(project: Project, *, user: User | None = None) -> Snapshot:
    """Reads the code again. Unchanged code gives the snapshot that is there already."""
    if user:
        require(user, Action.CHECK)
    with transaction.atomic():
        return _snapshot(project, user.username if user else "scheduler")


def refresh_if_directory(project: Project) -> Snapshot:
    """The newest snapshot; a directory is read again first, a repository only when asked."""
    latest = project.latest_snapshot
    if latest is None or project.source_kind == SourceKind.DIRECTORY:
        return take_snapshot(project)
    return latest


def verify_unchanged(snapshot: Snapshot) -> list[str]:
    """The paths whose content is no longer what the snapshot saw; a checkout of a commit never changes."""
    if snapshot.commit:
        return [] if Path(snapshot.root).is_dir() else [snapshot.root]
    try:
        now = manifests.read_manifest(Path(snapshot.root), read_configuration(snapshot.project, Path(snapshot.root)))
    except (SourceError, ConfigurationError) as error:
        return [str(error)]
    paths = sorted(now.keys() | snapshot.manifest.keys())
    return [path for path in paths if now.get(path) != snapshot.manifest.get(path)]


def _source(project: Project) -> dict[str, str]:
    place = project.source_path if project.source_kind == SourceKind.DIRECTORY else f"{project.source_url} {project.source_ref}"
    return {"kind": project.source_kind, "source": place}


# --- snapshots


def _snapshot(project: Project, actor: str) -> Snapshot:
    reading = read_source(project)
    configuration = read_configuration(project, reading.root)
    manifest = manifests.read_manifest(reading.root, configuration)
    digest = _digest(project, reading, manifest)
    known = Snapshot.objects.defer("graph", "manifest").filter(project=project, digest=digest).first()
    if known:
        return _seen_again(known, reading)
    document, texts = _document(reading.root, configuration, manifest)
    SourceText.objects.bulk_create(
        (SourceText(sha256=key, text=text) for key, text in texts.items()), ignore_conflicts=True, batch_size=200
    )
    snapshot = _new(project, reading, manifest, digest, document, _warnings(configuration, document))
    record(
        actor,
        "snapshot.take",
        f"project {project.slug}",
        digest=digest,
        commit=reading.commit,
        revisions=snapshot.revision_count,
        heads=snapshot.heads,
    )
    return snapshot


def _seen_again(known: Snapshot, reading: SourceReading) -> Snapshot:
    """Code that went back to an earlier state becomes the newest again: `latest` is told by id, so that state gets a new one."""
    newest = Snapshot.objects.filter(project=known.project_id).order_by("-id").values_list("pk", flat=True).first()
    if newest != known.pk:
        full = Snapshot.objects.get(pk=known.pk)
        Snapshot.objects.filter(pk=known.pk).update(digest=f"{known.digest[:40]}~{known.pk}"[:64])
        full.pk = None
        full.read_at = timezone.now()
        full.root = str(reading.root)
        full.save(force_insert=True)
        return full
    Snapshot.objects.filter(pk=known.pk).update(read_at=timezone.now())
    return known


def _digest(project: Project, reading: SourceReading, manifest: dict[str, str]) -> str:
    """Over content, not time or place: two clones of the same code have the same digest."""
    content = {"manifest": manifest, "reads": [getattr(project, name) for name in READS], "commit": reading.commit}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _document(root: Path, configuration: Configuration, manifest: dict[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The graph's document, and the texts of its files by hash."""
    scripts, texts = [], {}
    for path in manifests.revision_files(configuration):
        relative = path.relative_to(root).as_posix()
        facts, text = _read_file(path, relative)
        key = manifest.get(relative) or hashlib.sha256(path.read_bytes()).hexdigest()
        scripts.append(graph.Script(facts, relative, key))
        texts[key] = text.replace("\0", "\ufffd")
    return graph.build(scripts), texts


def _read_file(path: Path, relative: str) -> tuple[ScriptFacts, str]:
    data = path.read_bytes()
    try:
        text = decode(data)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        problem = (f"Its encoding cannot be read: {error}.", 1)
        return ScriptFacts(relative, problem=problem), data.decode("utf-8", "replace")
    return read_script(Path(relative), text), text


def _new(
    project: Project, reading: SourceReading, manifest: dict[str, str], digest: str, document: dict[str, Any], warnings: list[Any]
) -> Snapshot:
    return Snapshot.objects.create(
        project=project,
        digest=digest,
        commit=reading.commit,
        root=str(reading.root),
        manifest=manifest,
        graph=document,
        heads=document["heads"],
        bases=document["bases"],
        revision_count=len(document["revisions"]),
        warnings=warnings,
        read_at=timezone.now(),
    )


def _warnings(configuration: Configuration, document: dict[str, Any]) -> list[dict[str, Any]]:
    found = [asdict(warned) for warned in configuration.warnings]
    found += [{"code": fault["kind"], **{key: fault[key] for key in ("message", "path", "line")}} for fault in document["faults"]]
    unread = manifests.unread_folders(configuration)
    if unread:
        count, names = sum(unread.values()), ", ".join(sorted(unread)[:5])
        found.append(
            asdict(
                Warned(
                    "unread_folders",
                    f"{count} revision files in sub-folders ({names}) are not read: recursive_version_locations is not on.",
                )
            )
        )
    if not document["revisions"]:
        found.append(
            asdict(Warned("no_revisions", "No revision was found. Are script_location, version_locations and path_separator right?"))
        )
    return found
