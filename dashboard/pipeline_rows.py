"""Rows and cells of the pipeline: what a project has in each environment, and what could be done there next."""

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from accounts.models import User
from accounts.permissions import Action
from dashboard import states as states_of
from dashboard.moves import Move, next_move
from dashboard.pipeline_survey import Survey
from environments.models import Database, DatabaseState, Environment
from environments.permissions import may_on
from jobs.models import Job
from migrations_store import graph as graphs
from migrations_store.graph import Graph
from migrations_store.models import Project, Snapshot

TRAIL = 10


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


def row_of(user: User, survey: Survey, project: Project, snapshot: Snapshot | None, family: list[Database]) -> Row:
    graph = graphs.load(snapshot) if snapshot else None
    here = defaultdict(list)
    for database in family:
        here[database.environment_id].append(database)
    cells = [_cell(user, survey, stage.environment, here[stage.environment.pk], family, graph) for stage in survey.stages]
    servers = ", ".join(sorted({database.server.split(".")[0] for database in family if database.server})[:2])
    return Row(project, snapshot, servers, len(graph.real_heads) if graph else 0, len(graph.faults) if graph else 0, cells)


def _cell(user: User, survey: Survey, stage: Environment, here: list[Database], family: list[Database], graph: Graph | None) -> Cell:
    if not here:
        return Cell(stage)
    database = min(here, key=lambda one: states_of.ORDER.index(survey.states[one.pk]))
    state, job = survey.states[database.pk], survey.active.get(database.pk)
    tone, icon, word = states_of.look(database, state)
    revision = database.current[0] if database.current else ""
    node = graph.revisions.get(revision) if graph else None
    acts = job is None and may_on(user, Action.CHECK, database)
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
        job or (survey.trouble.get(database.pk) if state in ("failed", "partial") else None),
        _move(database, family, graph) if acts else None, _trail(database, graph), len(here), fine,
    )  # fmt: skip


def _move(database: Database, family: list[Database], graph: Graph | None) -> Move | None:
    """`next_move` compares what is pending, which the list query leaves out: here it comes from the graph."""
    if graph is None or database.state not in states_of.BEHIND:
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
