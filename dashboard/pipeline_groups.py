"""The rows of the pipeline by team, each under a heading that tells how its databases are."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from django.utils.translation import gettext as _

from accounts.models import Team
from dashboard.pipeline_rows import Row
from dashboard.pipeline_wanted import Wanted
from dashboard.states import LOOKS
from migrations_store.models import Project


@dataclass(frozen=True)
class Group:
    """Rows under one heading; without a heading they are all rows. `states`: tone, icon, word and number of databases, the worst first."""

    rows: list[Row]
    id: int = 0
    heading: str = ""
    projects: int = 0
    states: tuple[tuple[str, str, str, int], ...] = ()
    folded: bool = False
    toggle: str = ""


Teams = dict[Team, set[int]]
States = Mapping[int, Iterable[str]]


def team_of(project: Project, teams: Teams) -> Team | None:
    """A project stands once: with several teams under the first by name."""
    return next((team for team, projects in teams.items() if project.pk in projects), None)


def in_order(projects: Iterable[Project], teams: Teams) -> list[Project]:
    """By team, those of none last; within a team as they came."""
    place = {team.pk: number for number, team in enumerate(teams)}
    return sorted(projects, key=lambda project: place[team.pk] if (team := team_of(project, teams)) else len(place))


def by_team(
    projects: list[Project], shown: set[Project], teams: Teams, wanted: Wanted, row: Callable[[Project], Row], states: States
) -> list[Group]:
    """The groups of these projects, which are in order, where any of theirs is `shown` on the page; headings count all of them.

    `states` are those of a project's databases, by its id. What is folded has no rows.
    """
    groups = []
    for team, family in groupby(projects, lambda project: team_of(project, teams)):
        members, id = list(family), team.pk if team else 0
        here = [project for project in members if project in shown]
        counts = Counter(state for project in members for state in states.get(project.pk, ()))
        told = tuple((*LOOKS[state], counts[state]) for state in LOOKS if counts[state])
        folded = id in wanted.folded
        rows = [] if folded else [row(project) for project in here]
        groups += [Group(rows, id, team.name if team else _("No team"), len(members), told, folded, wanted.toggled(id))] if here else []
    return groups
