"""Reading projects and their code."""

from django.db.models import Case, OuterRef, Q, QuerySet, Subquery, When

from accounts.models import User
from accounts.permissions import Action, reach
from config.errors import NotFound
from migrations_store.graph import Graph, load
from migrations_store.models import NEWEST_FIRST, KnownRevision, Project, Snapshot, SourceText


def visible_projects(user: User) -> QuerySet[Project]:
    """Those in which the user may look at something."""
    return Project.objects.filter(reach(user, Action.VIEW).q("pk", None)).order_by("slug")


def get_project(user: User, slug: str) -> Project:
    """NotFound where there is none of that slug, or none that the user may know of."""
    found = visible_projects(user).filter(slug=slug).first() if "\0" not in slug else None
    if found is None:
        raise NotFound(f"There is no project {slug[:60]!r}.")
    return found


def latest_snapshots(projects: list[Project]) -> dict[int, Snapshot]:
    """The newest snapshot of each project, by the project's id, without its large columns. One query."""
    newest = Snapshot.objects.filter(project=OuterRef("project")).order_by(*NEWEST_FIRST).values("pk")[:1]
    found = Snapshot.objects.defer("graph", "manifest").filter(project__in=projects, pk=Subquery(newest))
    return {snapshot.project_id: snapshot for snapshot in found}


def known_in_earlier_snapshot(project: Project, revision: str) -> bool:
    """Whether any snapshot of the project ever held the revision."""
    return "\0" not in revision and KnownRevision.objects.filter(project=project, revision=revision).exists()


def find_revisions(user: User, words: list[str], limit: int) -> list[KnownRevision]:
    """Those of visible projects whose id or message holds all the words; ids that begin with the first word come first. One query."""
    found = KnownRevision.objects.filter(project__in=visible_projects(user).order_by()).select_related("project")
    for word in words:
        found = found.filter(Q(revision__icontains=word) | Q(message__icontains=word))
    by_id = Case(When(revision__istartswith=words[0], then=0), default=1)
    return list(found.order_by(by_id, "-pk")[:limit])


def revision_source(snapshot: Snapshot, revision: str) -> str:
    """The text of the revision's file as the snapshot saw it; "" if it was not kept."""
    node = load(snapshot).revisions.get(revision)
    text = SourceText.objects.filter(sha256=node.sha256).values_list("text", flat=True).first() if node else None
    return text or ""


def search(graph: Graph, query: str) -> list[str]:
    """Ids of the revisions whose id, message, label or file name holds the words, newest first."""
    words = query.lower().split()
    if not words:
        return list(graph.order)

    def text_of(id: str) -> str:
        node = graph.revisions[id]
        return " ".join([id, node.message, node.path, *node.branch_labels]).lower()

    return [id for id in graph.order if all(word in text_of(id) for word in words)]
