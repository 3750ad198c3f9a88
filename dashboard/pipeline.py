"""The home page's matrix: projects down, environments across, one cell for what a project has in an environment."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from django.db.models import Q
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from accounts import queries as people
from accounts.models import Team, User
from accounts.permissions import Action, may
from dashboard import states as states_of
from dashboard.attention import Attention, attention_of, most_urgent
from dashboard.moves import Move, next_move
from dashboard.pipeline_groups import Group, Teams, by_team, in_order
from dashboard.pipeline_survey import Stage, Survey
from dashboard.pipeline_wanted import Wanted
from environments import queries as environments
from environments.models import Database, DatabaseState, Environment
from jobs.models import Job
from migrations_store import graph as graphs
from migrations_store import queries
from migrations_store.graph import Graph
from migrations_store.models import Project, Snapshot

TRAIL = 10
PROJECTS = 12  # of four or five environments they stay below 60 KB
ATTENTION = 5
UNUSED = (
    "pending", "query", "secret", "secret_changed_at", "identity", "expected", "expected_at", "created_at", "latency_ms", "moved_outside",
    "differences_until", "version_table", "version_table_schema",
)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """A project in an environment. `database` is the one in the worst state; `fine` of `count` are up to date."""

    environment: Environment
    database: Database | None = None
    state: str = ""
    tone: str = ""
    icon: str = ""
    word: str = ""
    revision: str = ""
    message: str = ""
    job: Job | None = None
    move: Move | None = None
    trail: tuple[bool, ...] = ()
    count: int = 0
    fine: int = 0

    @property
    def head(self) -> SafeString:
        """Badge, trail and revision; there is a database."""
        at, stage = self.database, self.environment
        assert at
        return _head(
            language=get_language(), project=at.project.name, slug=at.project.slug, environment=stage.name, protected=stage.protected,
            database=at.pk, tone=self.tone, symbol=self.icon, word=self.word, trail=self.trail, revision=self.revision,
            message=self.message, was_read=at.was_read,
        )  # fmt: skip


@lru_cache(maxsize=4096)
def _head(**facts: Any) -> SafeString:
    """Drawn once for the same facts and language: home with hundreds of cells draws little else."""
    return render_to_string("dashboard/partials/pipeline_cell_head.html", facts)


@dataclass(frozen=True)
class Row:
    project: Project
    snapshot: Snapshot | None
    servers: str
    heads: int
    faults: int
    cells: list[Cell]


@dataclass
class Pipeline:
    stages: list[Stage]
    groups: list[Group]
    attention: list[Attention]
    counts: Counter[str]
    version: str
    total: int
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


def read(user: User, found: Survey, wanted: Wanted) -> Pipeline:
    """Everything that the home page shows, with a constant number of queries."""
    teams = people.projects_of_teams(user)
    chosen = {team: projects for team, projects in teams.items() if team.pk == wanted.team}
    considered = [project for project in found.projects if not chosen or project.pk in next(iter(chosen.values()))]
    grouping = (chosen or teams) if wanted.grouped else {}
    projects = in_order(found.matching(considered, wanted.query, wanted.state), grouping)
    wanted = replace(wanted, page=min(wanted.page, max(1, -(-len(projects) // PROJECTS))))
    shown = projects[(wanted.page - 1) * PROJECTS : wanted.page * PROJECTS]
    urgent = most_urgent(found.seen, found.active, found.failed, found.mine)[:ATTENTION]
    databases = _databases(user, found, shown, [one.pk for one in urgent])
    return Pipeline(
        stages=found.stages,
        groups=_groups(user, found, projects, shown, grouping, wanted, list(databases.values())),
        attention=_attention(found, [databases[one.pk] for one in urgent if one.pk in databases]),
        counts=found.counts,
        version=found.version,
        total=len(projects),
        databases=len(found.seen),
        busy=bool(found.active),
        mine=found.mine,
        teams=list(teams),
        wanted=wanted,
    )


def _attention(found: Survey, databases: list[Database]) -> list[Attention]:
    told = (attention_of(one, found.active.get(one.pk), found.failed.get(one.pk), found.mine) for one in databases)
    return [item for item in told if item]


def _groups(
    user: User, found: Survey, projects: list[Project], shown: list[Project], grouping: Teams, wanted: Wanted, databases: list[Database]
) -> list[Group]:
    """One without a heading, unless they are grouped by team."""
    snapshots, families = queries.latest_snapshots(shown), defaultdict(list)
    for database in databases:
        families[database.project_id].append(database)

    def row(project: Project) -> Row:
        return _row(user, found, project, snapshots.get(project.pk), families[project.pk])

    if not grouping:
        return [Group([row(project) for project in shown])]
    return by_team(projects, set(shown), grouping, wanted, row, lambda project: found.of_projects[project.pk])


def _databases(user: User, found: Survey, projects: list[Project], others: list[Any]) -> dict[Any, Database]:
    """Those of the projects, and others by their ids, without what no cell shows. Environments and projects are there already.

    What came, went or changed since the survey was made is there at the next look.
    """
    stages, owners = (
        {stage.environment.pk: stage.environment for stage in found.stages},
        {project.pk: project for project in found.projects},
    )
    wanted = Q(project__in=[project.pk for project in projects]) | Q(pk__in=others)
    databases = list(environments.databases(user).select_related(None).filter(wanted).defer(*UNUSED))
    databases = [one for one in databases if one.pk in found.states]
    for database in databases:
        database.environment, database.project = stages[database.environment_id], owners[database.project_id]
    return {database.pk: database for database in databases}


def _row(user: User, found: Survey, project: Project, snapshot: Snapshot | None, family: list[Database]) -> Row:
    graph = graphs.load(snapshot) if snapshot else None
    here = defaultdict(list)
    for database in family:
        here[database.environment_id].append(database)
    cells = [_cell(user, found, stage.environment, here[stage.environment.pk], family, graph) for stage in found.stages]
    servers = ", ".join(sorted({database.server.split(".")[0] for database in family if database.server})[:2])
    return Row(project, snapshot, servers, len(graph.real_heads) if graph else 0, len(graph.faults) if graph else 0, cells)


def _cell(user: User, found: Survey, stage: Environment, here: list[Database], family: list[Database], graph: Graph | None) -> Cell:
    if not here:
        return Cell(stage)
    database = min(here, key=lambda one: states_of.ORDER.index(found.states[one.pk]))
    state, job = found.states[database.pk], found.active.get(database.pk)
    tone, icon, word = states_of.look(database, state)
    revision = database.current[0] if database.current else ""
    node = graph.revisions.get(revision) if graph else None
    acts = job is None and may(user, Action.CHECK, project=database.project, environment=stage)
    fine = sum(one.state == DatabaseState.UP_TO_DATE and not one.differences for one in here)
    return Cell(
        stage,
        database,
        state,
        tone,
        icon,
        word,
        revision,
        node.message if node else "",
        job or (found.failed.get(database.pk) if state in ("failed", "partial") else None),
        _move(database, family, graph) if acts else None, _trail(database, graph), len(here), fine,
    )  # fmt: skip


def _move(database: Database, family: list[Database], graph: Graph | None) -> Move | None:
    """`next_move` compares what is pending, which the list query leaves out: here it comes from the graph."""
    if graph is None or database.state not in (DatabaseState.PENDING, DatabaseState.UNINITIALISED):
        return None
    for one in family:
        if "pending" not in one.__dict__:
            one.pending = graph.pending(one.current) if one.pending_count else []
    return next_move(database, family)


def _trail(database: Database, graph: Graph | None) -> tuple[bool, ...]:
    """The last ten revisions of the project, oldest first: whether this database has them. Nothing where one is unknown."""
    if graph is None or not database.was_read or not graph.revisions.keys() >= set(database.current):
        return ()
    applied = graph.ancestors(database.current)
    return tuple(revision in applied for revision in reversed(graph.order[:TRAIL]))
