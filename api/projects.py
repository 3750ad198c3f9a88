"""Projects, their snapshots and their revisions."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from api.auth import user_of
from api.paging import PageQuery, listed
from api.schemas import Body, Listed, Shown, Time
from api.times import shown
from environments import services as environments
from migrations_store import credentials, queries, services
from migrations_store.models import Project, Snapshot, SourceKind

router = Router(tags=["projects"])


class Directory(Body):
    """A folder on the dashboard's machine; jobs run in place."""

    kind: Literal["directory"]
    path: str


class Git(Body):
    """A repository; jobs run in an immutable checkout."""

    kind: Literal["git"]
    url: str
    ref: str = "main"
    subdirectory: str = ""


class ProjectFields(Body):
    """What can be said of a project; templates know {url} {username} {password} {host} {port} {database} {environment} {name}."""

    name: str | None = None
    config_path: str | None = None
    section: str | None = None
    script_location: str | None = None
    version_locations: list[str] | None = None
    python: str | None = None
    working_directory: str | None = None
    env_vars: dict[str, str] | None = None
    x_arguments: list[str] | None = None
    flask_app: str | None = None
    reviews_needed: int | None = None


class NewProject(ProjectFields):
    slug: str
    source: Directory | Git = Field(discriminator="kind")


class ProjectChanges(ProjectFields):
    slug: str | None = None
    source: Annotated[Directory | Git, Field(discriminator="kind")] | None = None


class NewCredential(Body):
    """A `token` for a source that is reached by https, a private `key` for ssh. It is sealed, and never answered."""

    token: str = Field("", max_length=2000)
    key: str = Field("", max_length=20_000)
    username: str = Field("", max_length=100)


class CredentialShown(Shown):
    """What is known of it; `server` is the only one that it opens for."""

    kind: str
    username: str
    server: str
    set_by: str
    set_at: Time


class WarningShown(Shown):
    """A remark on code or configuration; `line` 0 where it concerns the whole file."""

    code: str
    message: str
    path: str
    line: int


class SnapshotShown(Shown):
    """One immutable reading of the code. `commit` is empty for a directory; `read_at` is when the code was last seen to be this."""

    id: str
    digest: str
    commit: str
    revision_count: int
    heads: list[str]
    bases: list[str]
    warnings: list[WarningShown]
    created_at: Time
    read_at: Time


class ProjectShown(Shown):
    """The project as it was registered, with its newest snapshot."""

    slug: str
    name: str
    source: Directory | Git
    config_path: str
    section: str
    script_location: str
    version_locations: list[str]
    python: str | None
    working_directory: str
    env_vars: dict[str, str]
    x_arguments: list[str]
    flask_app: str
    reviews_needed: int
    created_at: Time
    snapshot: SnapshotShown | None


@router.post("", response={201: ProjectShown}, summary="Register a project and take its first snapshot")
def create_project(request: HttpRequest, payload: NewProject) -> Status[dict[str, Any]]:
    project = services.create_project(user=user_of(request), fields=payload.given())
    return Status(201, project_shown(project, project.latest_snapshot))


@router.get("", response=Listed[ProjectShown], summary="List projects")
def list_projects(request: HttpRequest, page: PageQuery) -> dict[str, Any]:
    def rows(projects: list[Project]) -> list[dict[str, Any]]:
        snapshots = queries.latest_snapshots(projects)
        return [project_shown(project, snapshots.get(project.pk)) for project in projects]

    return listed(queries.visible_projects(user_of(request)), page, rows)


@router.get("/{slug}", response=ProjectShown, summary="One project")
def get_project(request: HttpRequest, slug: str) -> dict[str, Any]:
    project = queries.get_project(user_of(request), slug)
    return project_shown(project, project.latest_snapshot)


@router.patch("/{slug}", response=ProjectShown, summary="Change a project")
def change_project(request: HttpRequest, slug: str, payload: ProjectChanges) -> dict[str, Any]:
    project = queries.get_project(user_of(request), slug)
    services.update_project(project, user=user_of(request), fields=payload.given())
    return project_shown(project, project.latest_snapshot)


@router.delete("/{slug}", response={204: None}, summary="Forget a project")
def delete_project(request: HttpRequest, slug: str) -> Status[None]:
    services.delete_project(queries.get_project(user_of(request), slug), user=user_of(request))
    return Status(204, None)


@router.get("/{slug}/push-credential", response=CredentialShown, summary="Whether there is something to push with, and for which server")
def get_credential(request: HttpRequest, slug: str) -> dict[str, Any]:
    project = queries.get_project(user_of(request), slug)
    found = credentials.known(project, user=user_of(request))
    names = ("kind", "username", "server", "set_by")
    return {name: getattr(found, name) for name in names} | {"set_at": shown(found.set_at)}


@router.put("/{slug}/push-credential", response={204: None}, summary="Keep what the dashboard may push with")
def set_credential(request: HttpRequest, slug: str, payload: NewCredential) -> Status[None]:
    project = queries.get_project(user_of(request), slug)
    credentials.set_credential(project, user=user_of(request), **payload.model_dump())
    return Status(204, None)


@router.delete("/{slug}/push-credential", response={204: None}, summary="Forget what the dashboard may push with")
def forget_credential(request: HttpRequest, slug: str) -> Status[None]:
    credentials.forget_credential(queries.get_project(user_of(request), slug), user=user_of(request))
    return Status(204, None)


@router.post("/{slug}/snapshots", response={201: SnapshotShown}, summary="Read the code again")
def take_snapshot(request: HttpRequest, slug: str) -> Status[dict[str, Any]]:
    project = queries.get_project(user_of(request), slug)
    return Status(201, snapshot_shown(environments.refresh_project(project, user=user_of(request))))


def project_shown(project: Project, snapshot: Snapshot | None) -> dict[str, Any]:
    names = (
        "slug",
        "name",
        "config_path",
        "section",
        "script_location",
        "version_locations",
        "working_directory",
        "env_vars",
        "x_arguments",
        "flask_app",
        "reviews_needed",
    )
    facts = {name: getattr(project, name) for name in names}
    facts |= {"python": project.python or None, "source": source_shown(project), "created_at": shown(project.created_at)}
    return facts | {"snapshot": snapshot_shown(snapshot) if snapshot else None}


def source_shown(project: Project) -> dict[str, str]:
    if project.source_kind == SourceKind.DIRECTORY:
        return {"kind": "directory", "path": project.source_path}
    return {"kind": "git", "url": project.source_url, "ref": project.source_ref, "subdirectory": project.source_subdirectory}


def snapshot_shown(snapshot: Snapshot) -> dict[str, Any]:
    names = ("digest", "commit", "revision_count", "heads", "bases", "warnings")
    times = {"created_at": shown(snapshot.created_at), "read_at": shown(snapshot.read_at)}
    return {"id": str(snapshot.pk), **{name: getattr(snapshot, name) for name in names}, **times}
