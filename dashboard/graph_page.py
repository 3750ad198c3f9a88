"""The history as its page shows it: what the address asks for, and the parts that answer it."""

from dataclasses import dataclass, fields, replace
from typing import Any

from django.http import QueryDict
from django.utils.http import urlencode

from dashboard import graph_jump, graph_map, graph_marks, graph_when
from dashboard.graph_view import GraphView
from environments.models import Database
from migrations_store import queries
from migrations_store.graph import Graph
from migrations_store.models import Snapshot

LONGEST = 200
NEARBY = ("at", "after")  # where in the history one is; the rest is what is looked at


@dataclass(frozen=True)
class Asked:
    """Of the address. `env` is an environment that has the revision, with a minus before it one that lacks it; `show` history draws the
    whole with the hits in it, where otherwise these are listed; `when` is an earlier moment."""

    q: str = ""
    env: str = ""
    risk: str = ""
    show: str = ""
    runs: str = ""
    when: str = ""
    at: str = ""
    after: str = ""

    @classmethod
    def read(cls, data: QueryDict) -> "Asked":
        return cls(**{field.name: data.get(field.name, "").strip()[:LONGEST] for field in fields(cls)})

    @property
    def searches(self) -> bool:
        return bool(self.q or self.env or self.risk)

    @property
    def lists(self) -> bool:
        return self.searches and self.show != "history"

    @property
    def keep(self) -> str:
        """To go on with an address that begins otherwise."""
        query = self._query(**dict.fromkeys(NEARBY, ""))
        return f"&{query}" if query else ""

    @property
    def listed(self) -> str:
        return "?" + self._query(show="", at="", after="")

    @property
    def in_place(self) -> str:
        return "?" + self._query(show="history", at="", after="")

    @property
    def unfolded(self) -> str:
        return "?" + self._query(runs="show", after="")

    @property
    def refolded(self) -> str:
        return "?" + self._query(runs="", after="")

    @property
    def cleared(self) -> str:
        return "?" + self._query(q="", env="", risk="", show="", after="")

    @property
    def now(self) -> str:
        return "?" + self._query(when="", after="")

    @property
    def kept_fields(self) -> list[tuple[str, str]]:
        """For the form that chooses another moment."""
        return [(name, value) for name, value in self._pairs() if name not in ("when", "after")]

    def at_moment(self, when: str) -> str:
        return "?" + self._query(when=when, after="")

    def _query(self, **changes: str) -> str:
        return urlencode(replace(self, **changes)._pairs())

    def _pairs(self) -> list[tuple[str, str]]:
        return [(field.name, value) for field in fields(self) if (value := getattr(self, field.name))]


@dataclass(frozen=True)
class Hits:
    """`before` and `after` are the next hits up and down from where one is; `unjudged` files have no risk yet."""

    found: list[str]
    before: str = ""
    after: str = ""
    number: int = 0
    unjudged: int = 0

    @property
    def count(self) -> int:
        return len(self.found)


def history(asked: Asked, graph: Graph, snapshot: Snapshot, databases: list[Database], busy: set[Any]) -> dict[str, Any]:
    """What the template needs of it."""
    replay = graph_when.replay(graph, databases, asked.when)
    still = busy if replay.moment is None else {database.pk for database in databases}
    hits = _hits(asked, graph, replay.databases, databases) if asked.searches else Hits([])
    view = GraphView(graph, replay.databases, still, folded=asked.runs != "show", hits=hits.found)
    at = asked.at or (hits.found[0] if hits.found and not asked.after else "")
    whole = view.window(at=at if asked.searches else asked.at, after=asked.after)
    window = view.search(hits.found, after=asked.after) if asked.lists else whole
    return {
        "asked": asked,
        "view": view,
        "window": graph_marks.marked(window, snapshot, databases),
        "hits": _around(hits, view, at),
        "map": graph_map.draw_map(view, whole),
        "chips": graph_jump.chips(graph, replay.databases),
        "replay": replay,
        "event_who": graph_when.who(replay.event) if replay.event else "",
        "earlier_url": asked.at_moment(replay.earlier) if replay.earlier else "",
        "later_url": asked.at_moment(replay.later) if replay.later else asked.now,
        "stages": list(dict.fromkeys(database.environment.slug for database in databases)),
        "risks": [(level, look[2]) for level, look in graph_marks.RISKS.items()],
    }


def _hits(asked: Asked, graph: Graph, stood: list[Database], databases: list[Database]) -> Hits:
    found = queries.search(graph, asked.q)
    if asked.env:
        has = _applied(graph, stood, asked.env.removeprefix("-"))
        found = [id for id in found if (id in has) != asked.env.startswith("-")]
    unjudged = 0
    if asked.risk:
        found, unjudged = graph_marks.of_level(graph, found, asked.risk, databases)
    return Hits(found, unjudged=unjudged)


def _applied(graph: Graph, databases: list[Database], slug: str) -> set[str]:
    """What every database of the environment has; nothing where there is none."""
    sets = [graph.ancestors(database.current) for database in databases if database.environment.slug == slug]
    return set.intersection(*sets) if sets else set()


def _around(hits: Hits, view: GraphView, at: str) -> Hits:
    place = view.find(at)
    if place is None or not hits.found:
        return hits
    places = [view.index[hit] for hit in hits.found]
    above = [hit for hit, where in zip(hits.found, places, strict=True) if where < place]
    below = [hit for hit, where in zip(hits.found, places, strict=True) if where > place]
    return replace(hits, before=above[-1] if above else "", after=below[0] if below else "", number=len(above) + 1)
