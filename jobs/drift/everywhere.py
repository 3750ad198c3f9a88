"""Asking for a check of every database of a project at once. Each is a job of its own, under the same rules as a single one."""

from dataclasses import dataclass, field

from accounts.models import User
from accounts.permissions import Action, require_part
from config.errors import Invalid, Refused
from environments import queries as environments
from environments.models import Database
from environments.permissions import require_on
from jobs import plans, services
from jobs.models import ACTIVE, Command, Job
from migrations_store import services as store
from migrations_store.models import Project, Snapshot

LARGEST = 200
UNREAD = "It has not been read yet; it is being read now. Ask again in a moment."


@dataclass(frozen=True)
class Asked:
    """`jobs` are those that were made, `under_way` those that waited or ran already, `refused` the other databases with why."""

    jobs: list[Job] = field(default_factory=list)
    under_way: list[Job] = field(default_factory=list)
    refused: list[tuple[Database, str]] = field(default_factory=list)


def check_everywhere(project: Project, *, user: User) -> Asked:
    """A check on each database of the project that the user sees. Raises Forbidden for whoever may run none there."""
    require_part(user, Action.RUN, project=project)
    databases = list(environments.databases(user, project=project))
    if not databases:
        raise Invalid(f"{project} has no database that could be checked. Add one first.")
    if len(databases) > LARGEST:
        raise Invalid(f"{project} has {len(databases)} databases; at most {LARGEST} are checked at once. Ask for them one by one.")
    snapshot = store.refresh_if_directory(project)
    busy = _under_way(databases)
    asked = Asked(under_way=list(busy.values()))
    for database in databases:
        if database.pk not in busy:
            _ask(database, user, asked, snapshot)
    return asked


def _under_way(databases: list[Database]) -> dict[object, Job]:
    found = Job.objects.filter(database__in=databases, command=Command.CHECK, status__in=ACTIVE).order_by("-id")
    return {job.database_id: job for job in found}


def _ask(database: Database, user: User, asked: Asked, snapshot: Snapshot) -> None:
    try:
        require_on(user, Action.RUN, database)
        if plans.read_soon(database):
            asked.refused.append((database, UNREAD))
            return
        plan = plans.make_plan(database, user=user, command=Command.CHECK, revision=None, snapshot=snapshot)
        asked.jobs.append(services.queue(plan, user=user))
    except Refused as refused:
        asked.refused.append((database, str(refused)))
