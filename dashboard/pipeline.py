"""The home page's matrix: projects down, environments across, one cell for what a project has in an environment."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from django.db.models import Max, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from accounts import queries as people
from accounts.models import Team, User
from accounts.permissions import Action, may
from dashboard import states as states_of
from dashboard.attention import Attention, attention_of
from dashboard.moves import Move, next_move
from dashboard.pipeline_groups import Group, by_team, in_order
from dashboard.pipeline_wanted import Wanted
from environments import policies
from environments import queries as environments
from environments.models import Database, DatabaseState, Environment, Policy
from jobs import queries as jobs
from jobs import reviews
from jobs.models import FINAL, Job, JobStatus
from migrations_store import graph as graphs
from migrations_store import queries
from migrations_store.graph import Graph
from migrations_store.models import Project, Snapshot

TRAIL = 10
PROJECTS = 50
ATTENTION = 5
UNUSED = (
    "pending", "query", "secret", "secret_changed_at", "identity", "expected", "expected_at", "created_at", "latency_ms", "moved_outside",
    "differences_at", "differences_until", "version_table", "version_table_schema", "create_if_missing",
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


@dataclass(frozen=True)
class Stage:
    """A column: an environment, and in a few words what it asks before anything runs there."""

    environment: Environment
    asks: str


@dataclass
class Pipeline:
    environments: list[Environment]
    stages: list[Stage]
    groups: list[Group]
    attention: list[Attention]
    counts: dict[str, int]
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
        cells = [cell for group in self.groups for row in group.rows for cell in row.cells]
        return sum(cell.move is not None and cell.move.kind == "promote" for cell in cells)


def read(user: User, wanted: Wanted) -> Pipeline:
    """Everything that the home page shows, with a constant number of queries."""
    stages = list(environments.environments(user))
    visible = list(queries.visible_projects(user))
    found = _databases(user, stages, visible)
    keys = environments.databases(user).select_related(None).order_by().values("pk")
    active, failed, now = jobs.active_jobs(keys), _failures(keys), timezone.now()
    frozen = states_of.frozen(stages, now)
    states = {one.pk: states_of.state_of(one, active.get(one.pk), failed.get(one.pk), set(frozen), now) for one in found}
    teams = people.projects_of_teams(user)
    chosen = {team: projects for team, projects in teams.items() if team.pk == wanted.team}
    considered = [project for project in visible if not chosen or project.pk in next(iter(chosen.values()))]
    projects = _matching(considered, found, states, wanted)
    grouping = (chosen or teams) if wanted.grouped else {}
    projects = in_order(projects, grouping)
    wanted = replace(wanted, page=min(wanted.page, max(1, -(-len(projects) // PROJECTS))))
    shown = projects[(wanted.page - 1) * PROJECTS : wanted.page * PROJECTS]
    snapshots = queries.latest_snapshots(shown)
    by_project: dict[int, list[Database]] = defaultdict(list)
    for database in found:
        by_project[database.project_id].append(database)

    def row(project: Project) -> Row:
        return _row(user, project, snapshots.get(project.pk), stages, by_project[project.pk], states, active, failed)

    def states_in(project: Project) -> list[str]:
        return [states[database.pk] for database in by_project[project.pk]]

    groups = by_team(projects, set(shown), grouping, wanted, row, states_in) if grouping else [Group([row(project) for project in shown])]
    counts: dict[str, int] = defaultdict(int)
    for value in states.values():
        counts[value] += 1
    mine = {job.pk for job in reviews.to_review(user)}
    attention = attention_of(found, active, failed, mine)[:ATTENTION]
    columns = _columns(stages, frozen)
    version = _version(states, found, active, failed, mine, columns)
    return Pipeline(
        stages, columns, groups, attention, dict(counts), version, len(projects), len(found), bool(active), mine, list(teams), wanted
    )


def _columns(stages: list[Environment], frozen: dict[Any, str]) -> list[Stage]:
    """One query."""
    kept = {policy.environment_id: policy for policy in Policy.objects.filter(project=None)}
    return [Stage(stage, frozen.get(stage.pk) or _asks(policies.rules_of(kept.get(stage.pk), stage))) for stage in stages]


def _asks(rules: policies.Rules) -> str:
    if rules.missing:
        return _("no policy: nothing runs")
    if not rules.approvals:
        return _("runs at once, in run windows") if rules.windows else _("runs at once")
    count = {"count": rules.approvals}
    if rules.windows:
        return ngettext("%(count)s approval, in run windows", "%(count)s approvals, in run windows", rules.approvals) % count
    return ngettext("%(count)s approval", "%(count)s approvals", rules.approvals) % count


def _failures(keys: QuerySet[Database, Any]) -> dict[Any, Job]:
    """The newest finished job of each of these databases that could have changed it, where it failed. One query."""
    finished = Job.objects.filter(database__in=keys, status__in=FINAL).exclude(command="check").exclude(started_at=None)
    newest = finished.values("database").annotate(last=Max("pk")).values("last")
    failed = Job.objects.filter(pk__in=newest, status=JobStatus.FAILED).select_related("requested_by", "plan")
    return {job.database_id: job for job in failed.defer("plan__preview", "plan__facts")}


def _databases(user: User, stages: list[Environment], projects: list[Project]) -> list[Database]:
    """Each with its environment and project out of these, which are there already, and without what no cell shows."""
    by_stage, by_project = {stage.pk: stage for stage in stages}, {project.pk: project for project in projects}
    found = list(environments.databases(user).select_related(None).defer(*UNUSED))
    for database in found:
        database.environment, database.project = by_stage[database.environment_id], by_project[database.project_id]
    return found


def _matching(projects: list[Project], found: list[Database], states: dict[Any, str], wanted: Wanted) -> list[Project]:
    """Attention first, then by name."""
    if wanted.query:
        projects = [project for project in projects if wanted.query.lower() in f"{project.slug} {project.name}".lower()]
    worst: dict[int, int] = {}
    having: set[int] = set()
    in_states = wanted.state.split(",")
    for database in found:
        rank = states_of.ORDER.index(states[database.pk])
        worst[database.project_id] = min(worst.get(database.project_id, 99), rank)
        if states[database.pk] in in_states:
            having.add(database.project_id)
    if wanted.state:
        projects = [project for project in projects if project.pk in having]
    return sorted(projects, key=lambda project: (worst.get(project.pk, 99) > states_of.ORDER.index("drift"), project.slug))


def _row(
    user: User,
    project: Project,
    snapshot: Snapshot | None,
    stages: list[Environment],
    family: list[Database],
    states: dict[Any, str],
    active: dict[Any, Job],
    failed: dict[Any, Job],
) -> Row:
    graph = graphs.load(snapshot) if snapshot else None
    cells = [
        _cell(user, stage, [database for database in family if database.environment_id == stage.pk], family, graph, states, active, failed)
        for stage in stages
    ]
    servers = ", ".join(sorted({database.server.split(".")[0] for database in family if database.server})[:2])
    return Row(project, snapshot, servers, len(graph.real_heads) if graph else 0, len(graph.faults) if graph else 0, cells)


def _cell(
    user: User,
    stage: Environment,
    here: list[Database],
    family: list[Database],
    graph: Graph | None,
    states: dict[Any, str],
    active: dict[Any, Job],
    failed: dict[Any, Job],
) -> Cell:
    if not here:
        return Cell(stage)
    database = min(here, key=lambda one: states_of.ORDER.index(states[one.pk]))
    state, job = states[database.pk], active.get(database.pk)
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
        job or (failed.get(database.pk) if state in ("failed", "partial") else None),
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


def _version(
    states: dict[Any, str], found: list[Database], active: dict[Any, Job], failed: dict[Any, Job], mine: set[int], columns: list[Stage]
) -> str:
    """Changes when anything that the matrix shows has changed."""
    facts: list[Any] = [sorted(mine), [column.asks for column in columns]]
    facts += [(str(one.pk), states[one.pk], one.state, one.current, one.pending_count, one.differences) for one in found]
    facts += [(str(key), job.pk, job.status) for group in (active, failed) for key, job in group.items()]
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
