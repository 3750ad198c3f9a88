"""What all databases of the pipeline say, shown or not: their states, the order of the projects, and whether a page is still true.

Of a database that is not shown a few columns are enough: there may be a thousand, and no object has to be made of each.
"""

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from dashboard import states as states_of
from environments import policies
from environments import queries as environments
from environments.models import Database, Environment, Policy
from jobs import queries as jobs
from jobs import reviews
from jobs.models import FINAL, Job, JobStatus, OutcomeState
from jobs.watch import sentence
from migrations_store import queries
from migrations_store.models import Project

ATTENTION_UP_TO = states_of.ORDER.index("drift")


class Seen(NamedTuple):
    """What decides the state of a database; the fields of `environments.models.Database`."""

    pk: Any
    project_id: int
    environment_id: int
    state: str
    current: list[str]
    pending_count: int
    differences: int


@dataclass(frozen=True)
class Stage:
    """A column: an environment, and in a few words what it asks before anything runs there."""

    environment: Environment
    asks: str


@dataclass(frozen=True)
class Survey:
    """`active`, `trouble` and `states` are by the database's id. `mine` are the jobs that wait for the reader's approval."""

    stages: list[Stage]
    projects: list[Project]
    seen: list[Seen]
    active: dict[Any, Job]
    trouble: dict[Any, Job]
    states: dict[Any, str]
    mine: set[int]

    @cached_property
    def of_projects(self) -> dict[int, list[str]]:
        """The states of each project's databases."""
        found: dict[int, list[str]] = defaultdict(list)
        for one in self.seen:
            found[one.project_id].append(self.states[one.pk])
        return found

    @cached_property
    def counts(self) -> Counter[str]:
        """How many databases are in each state."""
        return Counter(self.states.values())

    def matching(self, projects: list[Project], query: str, states: str) -> list[Project]:
        """Those with `query` in a name and a database in one of `states` (with commas); what needs attention first, then by name."""
        if query:
            projects = [project for project in projects if query.lower() in f"{project.slug} {project.name}".lower()]
        if states:
            wanted = set(states.split(","))
            projects = [project for project in projects if wanted.intersection(self.of_projects[project.pk])]
        return sorted(projects, key=lambda project: (not self._asks(project), project.slug))

    def _asks(self, project: Project) -> bool:
        return any(states_of.ORDER.index(state) <= ATTENTION_UP_TO for state in self.of_projects[project.pk])

    @cached_property
    def version(self) -> str:
        """Changes when anything that the matrix shows has changed."""
        facts: list[Any] = [sorted(self.mine)]
        facts += [(stage.environment.name, stage.environment.protected, stage.asks) for stage in self.stages]
        facts += [(project.pk, project.name) for project in self.projects]
        facts += [(self.states[one.pk], *one) for one in self.seen]
        facts += [_facts(job) for group in (self.active, self.trouble) for job in group.values()]
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def survey(user: User) -> Survey:
    """With a constant number of queries."""
    stages, projects = list(environments.environments(user)), list(queries.visible_projects(user))
    visible = environments.databases(user).select_related(None)
    columns, rows = {stage.pk for stage in stages}, {project.pk for project in projects}
    found = map(Seen._make, visible.values_list(*Seen._fields))
    seen = [one for one in found if one.environment_id in columns and one.project_id in rows]
    keys = visible.order_by().values("pk")
    active, trouble, now = jobs.active_jobs(keys), _trouble(keys, seen), timezone.now()
    frozen = states_of.frozen(stages, now)
    states = {one.pk: states_of.state_of(one, active.get(one.pk), trouble.get(one.pk), set(frozen), now) for one in seen}
    return Survey(_stages(stages, frozen), projects, seen, active, trouble, states, {job.pk for job in reviews.to_review(user)})


def _facts(job: Job) -> tuple[Any, ...]:
    """What is shown of it; who blocks it is looked up every few seconds, and is mostly the same."""
    return job.pk, job.status, job.held, job.not_before, job.blocked_by and sentence(job.blocked_by)


def _trouble(keys: QuerySet[Database, Any], seen: list[Seen]) -> dict[Any, Job]:
    """The job of which a part is still there, else the last one if that failed. A part that has gone is no trouble. Two queries."""
    failed = {key: job for key, job in _failures(keys).items() if job.database_state != OutcomeState.PARTIAL}
    return failed | jobs.left_partials(seen)


def _failures(keys: QuerySet[Database, Any]) -> dict[Any, Job]:
    """The newest finished job of each of these databases that could have changed it, where it failed. One query."""
    finished = Job.objects.filter(database__in=keys, status__in=FINAL).exclude(command="check").exclude(started_at=None)
    newest = finished.values("database").annotate(last=Max("pk")).values("last")
    failed = Job.objects.filter(pk__in=newest, status=JobStatus.FAILED).select_related("requested_by", "plan")
    return {job.database_id: job for job in failed.defer("plan__preview", "plan__facts")}


def _stages(found: list[Environment], frozen: dict[Any, str]) -> list[Stage]:
    """One query. `frozen` holds the sentence of each frozen environment by its id."""
    kept = {policy.environment_id: policy for policy in Policy.objects.filter(project=None)}
    return [Stage(one, frozen.get(one.pk) or _asks(policies.rules_of(kept.get(one.pk), one))) for one in found]


def _asks(rules: policies.Rules) -> str:
    if rules.missing:
        return _("no policy: nothing runs")
    if not rules.approvals:
        return _("runs at once, in run windows") if rules.windows else _("runs at once")
    count = {"count": rules.approvals}
    if rules.windows:
        return ngettext("%(count)s approval, in run windows", "%(count)s approvals, in run windows", rules.approvals) % count
    return ngettext("%(count)s approval", "%(count)s approvals", rules.approvals) % count
