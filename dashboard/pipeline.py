"""The home page's matrix: projects down, environments across, one cell for what a project has in an environment."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q

from accounts import queries as people
from accounts.models import Team, User
from dashboard.attention import Attention, attention_of, most_urgent
from dashboard.moves import Move
from dashboard.pipeline_groups import Group, by_team, in_order
from dashboard.pipeline_rows import Cell, Row, row_of
from dashboard.pipeline_survey import Stage, Survey
from dashboard.pipeline_wanted import Wanted
from environments import queries as environments
from environments.models import Database
from migrations_store import queries
from migrations_store.models import Project

PROJECTS = 12  # of four or five environments they stay below 60 KB
ATTENTION = 5
UNUSED = (
    "pending", "query", "secret", "secret_changed_at", "identity", "expected", "expected_at", "created_at", "latency_ms", "moved_outside",
    "differences_until", "version_table", "version_table_schema",
)  # fmt: skip


@dataclass
class Pipeline:
    """`page` is one of all projects that match what is `wanted`; `databases` counts those of all projects that the user sees."""

    stages: list[Stage]
    groups: list[Group]
    attention: list[Attention]
    counts: Counter[str]
    version: str
    page: Page[Project]
    databases: int
    busy: bool
    mine: set[int]
    teams: list[Team]
    wanted: Wanted

    @cached_property
    def promotable(self) -> int:
        """How many promotions could be chosen at once. Every cell that has one asks."""
        return sum(move.kind == "promote" for move in self._moves)

    @property
    def upgradable(self) -> bool:
        """Whether any cell offers an upgrade."""
        return any(move.kind == "upgrade" for move in self._moves)

    @property
    def trails(self) -> set[tuple[bool, ...]]:
        """Each kind once."""
        return {cell.trail for cell in self._cells if cell.trail}

    @property
    def _moves(self) -> list[Move]:
        return [cell.move for cell in self._cells if cell.move]

    @property
    def _cells(self) -> list[Cell]:
        return [cell for group in self.groups for row in group.rows for cell in row.cells]


def read(user: User, survey: Survey, wanted: Wanted) -> Pipeline:
    """Everything that the home page shows, with a constant number of queries. A page beyond the last is the last."""
    teams = people.projects_of_teams(user)
    chosen = {team: projects for team, projects in teams.items() if team.pk == wanted.team}
    considered = [project for project in survey.projects if not chosen or project.pk in next(iter(chosen.values()))]
    grouping = (chosen or teams) if wanted.grouped else {}
    projects = in_order(survey.matching(considered, wanted.query, wanted.state), grouping)
    page = Paginator(projects, PROJECTS).get_page(wanted.page)
    wanted, shown = replace(wanted, page=page.number), list(page)
    urgent = most_urgent(survey)[:ATTENTION]
    databases = _databases(user, survey, shown, [one.pk for one in urgent])
    row = _rows(user, survey, shown, databases.values())
    return Pipeline(
        stages=survey.stages,
        groups=by_team(projects, set(shown), grouping, wanted, row, survey.of_projects) if grouping else [Group(list(map(row, shown)))],
        attention=_attention(survey, [databases[one.pk] for one in urgent if one.pk in databases]),
        counts=survey.counts,
        version=survey.version,
        page=page,
        databases=len(survey.seen),
        busy=bool(survey.active),
        mine=survey.mine,
        teams=list(teams),
        wanted=wanted,
    )


def _attention(survey: Survey, databases: list[Database]) -> list[Attention]:
    told = (attention_of(one, survey) for one in databases)
    return [item for item in told if item]


def _rows(user: User, survey: Survey, shown: list[Project], databases: Iterable[Database]) -> Callable[[Project], Row]:
    """How the row of one of these projects comes about; one in a folded group is never asked for."""
    snapshots, families = queries.latest_snapshots(shown), defaultdict(list)
    for database in databases:
        families[database.project_id].append(database)
    return lambda project: row_of(user, survey, project, snapshots.get(project.pk), families[project.pk])


def _databases(user: User, survey: Survey, projects: list[Project], others: list[Any]) -> dict[Any, Database]:
    """Those of the projects, and others by their ids, without what no cell shows. Environments and projects are there already.

    What came, went or changed since the survey was made is there at the next look.
    """
    stages = {stage.environment.pk: stage.environment for stage in survey.stages}
    owners = {project.pk: project for project in survey.projects}
    wanted = Q(project__in=projects) | Q(pk__in=others)
    found = environments.databases(user).select_related(None).filter(wanted).defer(*UNUSED)
    databases = {one.pk: one for one in found if one.pk in survey.states}
    for database in databases.values():
        database.environment, database.project = stages[database.environment_id], owners[database.project_id]
    return databases
