"""Rolling back: a promotion downwards, to an explicit revision below, or to where the database was before one of its jobs."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from accounts.models import User
from accounts.permissions import Action
from audit.services import record
from config.errors import NotFound
from environments.models import Database
from environments.permissions import require_on
from environments.policies import rules_for
from jobs import confirmation, schedule, services
from jobs.errors import NothingToPromote
from jobs.models import Command, Job, JobStatus, Plan, Promotion, Stage
from jobs.plans import make_plan
from jobs.services import Wishes
from migrations_store.graph import Graph

LISTED = 20
BEFORE = "job:"  # job:12 stands for: as it was before job 12


@dataclass(frozen=True)
class Point:
    """Where the database was before one of its jobs; `undoes` counts the revisions between."""

    job: Job
    revision: str
    undoes: int

    @property
    def value(self) -> str:
        return f"{BEFORE}{self.job.pk}"


def points(database: Database, graph: Graph) -> list[Point]:
    """The newest first: only those that lie below where the database is now. One query."""
    now, found = graph.ancestors(database.current), []
    jobs = Job.objects.select_related("plan").defer("plan__preview", "plan__facts")
    for job in jobs.filter(database=database, command=Command.UPGRADE, status=JobStatus.SUCCEEDED).order_by("-id")[:LISTED]:
        heads = job.plan.from_heads
        then = graph.ancestors(heads)
        if len(heads) < 2 and set(heads) <= now and then < now:
            found.append(Point(job, heads[0] if heads else "base", len(now - then)))
    return found


def target_of(database: Database, wanted: str) -> str:
    """The revision that `job:12` stands for; anything else stands for itself."""
    if not wanted.startswith(BEFORE):
        return wanted
    number = wanted.removeprefix(BEFORE)
    usable = number.isascii() and number.isdigit() and len(number) <= 18
    job = Job.objects.select_related("plan").filter(database=database, pk=int(number)).first() if usable else None
    if job is None:
        raise NotFound(f"{database} has no job {number[:40]!r}.")
    if len(job.plan.from_heads) > 1:
        raise NothingToPromote(f"Before job {job.pk}, {database} was at {', '.join(job.plan.from_heads)}. Name one revision to go back to.")
    return job.plan.from_heads[0] if job.plan.from_heads else "base"


def plan_rollback(database: Database, *, user: User, to: str) -> Plan:
    """The downgrade to a revision, or to `job:12`."""
    require_on(user, Action.DOWNGRADE, database)
    return make_plan(database, user=user, command=Command.DOWNGRADE, revision=target_of(database, to))


def roll_back(
    database: Database,
    *,
    user: User,
    to: str,
    plan_digest: str | None = None,
    reason: str = "",
    typed: str = "",
    accepted: Collection[str] = (),
    wishes: Wishes | None = None,
    idempotency_key: str | None = None,
) -> tuple[Promotion, Plan, Job]:
    """Asks for the job. In a protected environment the name is typed, a reason given, and each loss of data accepted by its key."""
    require_on(user, Action.DOWNGRADE, database)
    if found := services.first_promotion_of(user, idempotency_key):
        return found
    plan, wishes = plan_rollback(database, user=user, to=to), wishes or Wishes()
    services.require_digest(plan, plan_digest)
    confirmation.check_reversible(plan)
    confirmation.check(plan, typed=typed, reason=reason, accepted=accepted)
    schedule.check(wishes.not_before, in_window=wishes.in_window, rules=rules_for(database))
    try:
        return _request(database, plan, user=user, to=to, reason=reason, wishes=wishes, idempotency_key=idempotency_key)
    except IntegrityError:  # the same key, at the same moment
        if found := services.first_promotion_of(user, idempotency_key):
            return found
        raise


@transaction.atomic
def _request(
    database: Database, plan: Plan, *, user: User, to: str, reason: str, wishes: Wishes, idempotency_key: str | None
) -> tuple[Promotion, Plan, Job]:
    promotion = Promotion.objects.create(
        project=database.project, source=database.environment, target=database.environment, kind=Promotion.Kind.ROLLBACK,
        goal=plan.to_heads, reason=reason, requested_by=user, run_when_approved=wishes.run_when_approved,
        not_before=wishes.not_before, in_window=wishes.in_window,
    )  # fmt: skip
    job = services.queue(plan, user=user, reason=reason, idempotency_key=idempotency_key, promotion=promotion, requested=to, wishes=wishes)
    Stage.objects.create(promotion=promotion, position=1, giver=database, database=database, job=job, status=Stage.Status.REQUESTED)
    record(
        user.username, "rollback.request", f"promotion {promotion.pk}", database=str(database), job=job.pk, to=plan.to_heads,
        data_loss=[loss.key for loss in confirmation.losses(plan)][:100],
    )  # fmt: skip
    return promotion, plan, job
