"""Two places side by side, as their page shows them."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User
from accounts.permissions import Action
from dashboard import graph_marks, highlight, revision_list
from environments.models import Database
from environments.permissions import may_on
from environments.sides import Comparison, Side
from environments.urls import dialect
from jobs import difference_sql
from migrations_store import risks
from migrations_store.graph import Graph
from migrations_store.models import Project

SHOWN = 200
DIALECTS = {"postgresql": "PostgreSQL", "mysql": "MySQL and MariaDB", "sqlite": "SQLite"}


@dataclass(frozen=True)
class Way:
    """What would make the two alike: `kind` promote or upgrade; `url` leads to its plan, which runs nothing by itself."""

    kind: str
    count: int
    giver: Side
    taker: Side
    url: str


def rows(graph: Graph, ids: list[str], levels: risks.Levels) -> list[revision_list.Row]:
    """The newest first, as in the history."""
    return revision_list.rows((graph.revisions[id] for id in list(reversed(ids))[:SHOWN]), levels)


def levels_of(graph: Graph, compared: Comparison) -> risks.Levels:
    databases = [side.database for side in (compared.a, compared.b) if side.database]
    shown = [*compared.only_a[-SHOWN:], *compared.only_b[-SHOWN:]]
    return risks.known((graph.revisions[id].sha256 for id in shown), graph_marks.dialects_of(databases))


def way(user: User, compared: Comparison, everything: list[Side]) -> Way | None:
    """From the earlier one to the later, or from the code; None where there is nothing to bring, or not for this user."""
    giver, taker, gained = _direction(compared)
    if not gained or taker.database is None or not taker.is_known or taker.strange:
        return None
    if not may_on(user, Action.CHECK, taker.database):
        return None
    if giver.database is None:
        return Way("upgrade", len(gained), giver, taker, f"{reverse('plan-new', args=[taker.database.pk])}?command=upgrade")
    query = _promotion(giver.database, taker.database, everything)
    url = f"{reverse('promotion-new', args=[taker.database.project.slug])}?{query}"
    return Way("promote", len(gained), giver, taker, url) if query else None


def sql(project: Project, graph: Graph, compared: Comparison) -> dict[str, Any]:
    """What brings b to a, in the words of b's kind of database."""
    on = _dialect(compared)
    parts = difference_sql.parts(project, (graph.revisions[id] for id in compared.only_a), on)
    text = difference_sql.text(parts) if any(part.is_ready for part in parts) else ""
    return {
        "parts": parts,
        "sql_lines": highlight.lines(text, on) if text else (),
        "sql_text": text,
        "dialect": DIALECTS[on],
        "ready": sum(part.is_ready for part in parts),
        "asked": sum(part.state == "asked" for part in parts),
        "missing": sum(part.state == "none" for part in parts),
    }


def _direction(compared: Comparison) -> tuple[Side, Side, list[str]]:
    """The giver, the taker and what the taker gains: the code gives to databases, an earlier stage to a later one."""
    turned = compared.a.database is not None and (
        compared.b.database is None or compared.b.database.environment.position < compared.a.database.environment.position
    )
    return (compared.b, compared.a, compared.only_b) if turned else (compared.a, compared.b, compared.only_a)


def _promotion(giver: Database, taker: Database, everything: list[Side]) -> str:
    """The address of their promotion; empty where they are no pair (jobs.ways): same environment, or other names in a fleet."""
    if giver.environment_id == taker.environment_id:
        return ""
    found = {"from": giver.environment.slug, "to": taker.environment.slug}
    family = [side.database for side in everything if side.database]
    counts = [sum(one.environment_id == other.environment_id for one in family) for other in (giver, taker)]
    if counts == [1, 1]:
        return urlencode(found)
    return urlencode(found | {"name": taker.name}) if giver.name == taker.name else ""


def _dialect(compared: Comparison) -> str:
    database = compared.b.database or compared.a.database
    return dialect(database.driver) if database else "postgresql"
