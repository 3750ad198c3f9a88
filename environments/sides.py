"""Two places side by side by revision: databases, or the newest code itself."""

from dataclasses import dataclass

from accounts.models import User
from config.errors import NotFound
from environments import queries
from environments.models import Database, DatabaseState
from migrations_store.graph import Graph
from migrations_store.models import Project

CODE = "head"


@dataclass(frozen=True)
class Side:
    """`name` is how an address names it; `heads` are rows that the code has, `strange` those that it does not have."""

    name: str
    label: str
    heads: list[str]
    strange: list[str]
    database: Database | None = None

    @property
    def is_known(self) -> bool:
        """Whether it was ever read, and stands in this history at all."""
        return self.database is None or (self.database.was_read and not (self.strange and not self.heads))

    @property
    def remark(self) -> str:
        """What is to be known about it, as a sentence; empty for the ordinary."""
        if self.database is None:
            return ""
        if not self.database.was_read:
            return f"{self.label} has never been read, so that nobody knows what it has. Check it first."
        if self.strange:
            rows = ", ".join(self.strange[:5])
            return f"{self.label} is at {rows}, which the newest code does not contain: what came before it there is not known."
        if self.database.state == DatabaseState.UNREACHABLE:
            return f"{self.label} did not answer when it was last asked. Compared is what it said before."
        return "" if self.heads else f"{self.label} has no revision yet: all of the history is missing there."


@dataclass(frozen=True)
class Comparison:
    """`only_a` and `only_b` are in running order; `common` are the newest revisions that both have."""

    a: Side
    b: Side
    only_a: list[str]
    only_b: list[str]
    common: list[str]
    shared: int

    @property
    def is_possible(self) -> bool:
        return self.a.is_known and self.b.is_known

    @property
    def is_equal(self) -> bool:
        return self.is_possible and not (self.only_a or self.only_b or self.a.strange or self.b.strange)


def sides(user: User, project: Project, graph: Graph) -> list[Side]:
    """All that can be compared: each database in order, then the code."""
    found = list(queries.databases(user, project=project))
    return [*(_side(database, graph, found) for database in found), Side(CODE, "the newest code", list(graph.real_heads), [])]


def named(everything: list[Side], name: str) -> list[Side]:
    """By a database's id, by its environment, or `head` for the code; several for an environment with several databases."""
    found = [side for side in everything if name in (side.name, *_other_names(side))]
    if not found:
        raise NotFound(f"{name[:64]!r} cannot be compared: name an environment with a database of this project, a database's id, or head.")
    return found


def pair(ones: list[Side], others: list[Side]) -> tuple[Side, Side] | None:
    """Of one each, or the only two of the same name; None where somebody has to choose."""
    if len(ones) == len(others) == 1:
        return ones[0], others[0]
    pairs = [(one, other) for one in ones for other in others if _name(one) == _name(other) and one is not other]
    return pairs[0] if len(pairs) == 1 else None


def compare(graph: Graph, a: Side, b: Side) -> Comparison:
    has_a, has_b = graph.ancestors(a.heads), graph.ancestors(b.heads)
    both = has_a & has_b
    needed = {need for id in both for need in graph.needs(id)}
    upwards = list(reversed(graph.order))
    possible = a.is_known and b.is_known
    return Comparison(
        a,
        b,
        [id for id in upwards if id in has_a and id not in has_b] if possible else [],
        [id for id in upwards if id in has_b and id not in has_a] if possible else [],
        [id for id in graph.order if id in both and id not in needed],
        len(both),
    )


def _side(database: Database, graph: Graph, family: list[Database]) -> Side:
    alone = sum(other.environment_id == database.environment_id for other in family) == 1
    label = f"{database.environment.slug} {database.name}".strip()
    known = [row for row in database.current if row in graph.revisions]
    strange = [row for row in database.current if row not in graph.revisions]
    return Side(database.environment.slug if alone else str(database.pk), label, known, strange, database)


def _other_names(side: Side) -> tuple[str, ...]:
    return (str(side.database.pk), side.database.environment.slug) if side.database else ()


def _name(side: Side) -> str:
    return side.database.name if side.database else CODE
