"""Two places of a project side by side, by revision."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from api.auth import user_of
from api.schemas import Shown
from config.errors import Invalid, NotFound
from environments import sides
from environments.findings import dialects_of
from environments.sides import Side
from migrations_store import graph as graphs
from migrations_store import queries, risks
from migrations_store.graph import Graph
from migrations_store.models import Project

router = Router(tags=["projects"])


class SideShown(Shown):
    """`name` is how it is asked for; `database` is null for the code. `unknown` are rows that the newest code does not contain."""

    name: str
    database: str | None
    heads: list[str]
    unknown: list[str]
    remark: str


class BriefRevision(Shown):
    """`risk` is none, low, medium, high or loss, and null until a worker has read the file."""

    revision: str
    message: str
    risk: str | None
    downgrade: str


class ComparisonShown(Shown):
    """What only one of the two has, in running order. Where it is not `possible`, the remarks say why and the lists are empty."""

    from_: SideShown = Field(alias="from")
    to: SideShown
    possible: bool
    equal: bool
    only_in_from: list[BriefRevision]
    only_in_to: list[BriefRevision]
    common: list[str]
    common_count: int


@router.get("/{slug}/compare", response=ComparisonShown, by_alias=True, summary="What one database has and another lacks")
def compare(
    request: HttpRequest,
    slug: str,
    from_: Annotated[str, Query(alias="from", max_length=64)] = sides.CODE,
    to: Annotated[str, Query(max_length=64)] = "",
) -> dict[str, Any]:
    """Each is an environment, a database's id, or `head` for the newest code; `to` is the last environment unless it is named."""
    project = queries.get_project(user_of(request), slug)
    if project.latest_snapshot is None:
        raise NotFound(f"The code of {project.slug} has not been read yet. Take a snapshot first.")
    graph = graphs.load(project.latest_snapshot)
    everything = sides.sides(user_of(request), project, graph)
    last = everything[-2] if len(everything) > 1 else everything[-1]
    chosen = sides.pair(sides.named(everything, from_), sides.named(everything, to or last.name))
    if chosen is None:
        raise Invalid("An environment here has several databases. Name one of them by its id.")
    return _shown(project, graph, sides.compare(graph, *chosen))


def _shown(project: Project, graph: Graph, compared: sides.Comparison) -> dict[str, Any]:
    files = (graph.revisions[id].sha256 for id in (*compared.only_a, *compared.only_b))
    levels = risks.known(files, dialects_of(project))
    return {
        "from": _side(compared.a),
        "to": _side(compared.b),
        "possible": compared.is_possible,
        "equal": compared.is_equal,
        "only_in_from": [_revision(graph, id, levels) for id in compared.only_a],
        "only_in_to": [_revision(graph, id, levels) for id in compared.only_b],
        "common": compared.common,
        "common_count": compared.shared,
    }


def _side(side: Side) -> dict[str, Any]:
    database = str(side.database.pk) if side.database else None
    return {"name": side.name, "database": database, "heads": side.heads, "unknown": side.strange, "remark": side.remark}


def _revision(graph: Graph, id: str, levels: risks.Levels) -> dict[str, Any]:
    node = graph.revisions[id]
    return {"revision": id, "message": node.message, "risk": levels.get(node.sha256), "downgrade": node.downgrade}
