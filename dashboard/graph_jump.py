"""Where one can jump to in a history: each environment, each head, the base."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from environments.models import Database
from migrations_store.graph import Graph

HEADS = 4


@dataclass(frozen=True)
class Chip:
    """`behind` counts what an environment lacks; `databases` is more than one for a fleet, of which the one furthest behind is shown."""

    label: str
    revision: str
    protected: bool = False
    icon: str = ""
    behind: int = 0
    databases: int = 1


def chips(graph: Graph, databases: list[Database]) -> list[Chip]:
    """Each environment whose revision the graph has, once; then the heads, and the base."""
    found = [_environment(graph, family) for family in _families(graph, databases)]
    heads = graph.real_heads[:HEADS]
    found += [Chip(_("head") if len(heads) == 1 else _head(graph, head), head, icon="commit") for head in heads]
    return [*found, *(Chip(_("base"), base, icon="down") for base in graph.bases[-1:])]


def _families(graph: Graph, databases: list[Database]) -> list[list[Database]]:
    """The databases of each environment, in order, without those that stand where the graph has nothing."""
    found: dict[str, list[Database]] = {}
    for database in databases:
        if any(revision in graph.revisions for revision in database.current):
            found.setdefault(database.environment.slug, []).append(database)
    return list(found.values())


def _environment(graph: Graph, family: list[Database]) -> Chip:
    last = max(family, key=lambda database: database.pending_count)
    known = next(revision for revision in last.current if revision in graph.revisions)
    environment = last.environment
    icon = "lock" if environment.protected else "pin"
    return Chip(environment.slug, known, environment.protected, icon, last.pending_count, len(family))


def _head(graph: Graph, head: str) -> str:
    labels = graph.revisions[head].branch_labels
    return _("head %(name)s") % {"name": ", ".join(labels)[:24] or head[:8]}
