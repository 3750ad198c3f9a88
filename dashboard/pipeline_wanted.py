"""What the address of the pipeline asks for, and how it is written there."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from dashboard.requests import number_of
from dashboard.states import LOOKS


@dataclass(frozen=True)
class Wanted:
    """A part of projects' names, states (with commas), a team's projects, which page, and whether in groups, some of them folded.

    A group has the id of its team; 0 stands for the projects of no team.
    """

    query: str = ""
    state: str = ""
    team: int | None = None
    page: int = 1
    grouped: bool = False
    folded: frozenset[int] = frozenset()

    @classmethod
    def of(cls, request: HttpRequest) -> "Wanted":
        """Whatever makes no sense counts as absent."""
        query = request.GET
        states = ",".join(value for value in query.get("state", "")[:200].split(",") if value in LOOKS)
        folded = frozenset(int(id) for id in query.get("folded", "")[:2000].split(",") if id.isascii() and id.isdigit() and len(id) <= 9)
        return cls(
            query.get("q", "").strip()[:100], states, number_of(request, "team"), number_of(request, "page") or 1,
            query.get("group") == "team", folded,
        )  # fmt: skip

    def address(self, **others: Any) -> str:
        """The same as a query, with some of it changed; without the page unless it is given."""
        group = "team" if self.grouped else ""
        asked = {"q": self.query, "state": self.state, "team": self.team, "group": group, "folded": self.folded_list} | others
        return urlencode({name: value for name, value in asked.items() if value}, safe=",")

    @property
    def folded_list(self) -> str:
        return _listed(self.folded)

    def toggled(self, group: int) -> str:
        """The same page with this group folded, or shown again."""
        return self.address(folded=_listed(self.folded ^ {group}), page=self.page if self.page > 1 else None)


def _listed(ids: frozenset[int]) -> str:
    return ",".join(map(str, sorted(ids)))
