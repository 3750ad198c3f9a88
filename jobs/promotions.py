"""Asking for promotions: bring one environment's database to the revisions that another's has, in one stage or through several."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, require
from audit.services import record
from environments import policies
from environments.models import Database, Environment
from jobs import schedule, services
from jobs.errors import NothingToPromote
from jobs.models import Command, Job, Plan, Promotion, PromotionBatch, Stage
from jobs.plans import make_plan, resolve
from jobs.services import Wishes
from jobs.ways import one_way, path_of
from migrations_store import graph as graphs
from migrations_store.models import Project


@dataclass(frozen=True)
class Route:
    """A promotion worked out: its databases, the giver first; what each is brought to; the stage that runs first, and its plan."""

    path: list[Environment]
    way: list[Database]
    goal: list[str]
    place: int
    plan: Plan


def route(
    project: Project, *, user: User, source: Environment, target: Environment, through: Sequence[Environment] = (),
    revision: str | None = None, name: str | None = None,
) -> Route:  # fmt: skip
    """`revision` stops earlier than what the source has; `name` chooses one database of a fleet."""
    path = path_of(source, through, target)
    way = one_way(project, path, name)
    goal = _goal(way, revision, user=user)
    return Route(path, way, goal, *_first_due(way, goal, user=user))


def promote(
    project: Project,
    *,
    user: User,
    source: Environment,
    target: Environment,
    through: Sequence[Environment] = (),
    revision: str | None = None,
    name: str | None = None,
    plan_digest: str | None = None,
    reason: str = "",
    wishes: Wishes | None = None,
    idempotency_key: str | None = None,
    batch: PromotionBatch | None = None,
) -> tuple[Promotion, Plan, Job]:
    """Records the promotion and asks for its first job; the jobs of later stages follow by themselves (jobs.chains).

    `plan_digest` and `idempotency_key` work as in services.request_job; source to name as in `route`.
    """
    for environment in (*through, target):
        require(user, Action.RUN, project=project, environment=environment)
    if found := services.first_promotion_of(user, idempotency_key):
        return found
    wishes = wishes or Wishes()
    if wishes.break_glass and through:
        raise NothingToPromote("Break-glass is for one environment. Promote to it alone; nothing was run.")
    asked = route(project, user=user, source=source, target=target, through=through, revision=revision, name=name)
    services.require_digest(asked.plan, plan_digest)
    try:
        return _request(asked, user=user, reason=reason, wishes=wishes, idempotency_key=idempotency_key, batch=batch)
    except IntegrityError:  # the same key, at the same moment
        if found := services.first_promotion_of(user, idempotency_key):
            return found
        raise


@transaction.atomic
def _request(
    asked: Route, *, user: User, reason: str, wishes: Wishes, idempotency_key: str | None, batch: PromotionBatch | None
) -> tuple[Promotion, Plan, Job]:
    plan, path = asked.plan, asked.path
    schedule.check(wishes.not_before, in_window=wishes.in_window and len(path) == 2, rules=policies.rules_for(plan.database))
    promotion = Promotion.objects.create(
        project=plan.database.project, source=path[0], target=path[-1], requested_by=user, goal=asked.goal, reason=reason, batch=batch,
        run_when_approved=wishes.run_when_approved, not_before=wishes.not_before, in_window=wishes.in_window,
    )  # fmt: skip
    first = wishes if len(path) == 2 else stage_wishes(wishes, plan.database)
    job = services.queue(
        plan, user=user, reason=reason, idempotency_key=idempotency_key, promotion=promotion, requested=asked.goal, wishes=first
    )
    _stages(promotion, asked, job)
    record(
        user.username, "promotion.request", f"promotion {promotion.pk}", project=promotion.project.slug, source=path[0].slug,
        target=path[-1].slug, through=[environment.slug for environment in path[1:-1]], job=job.pk, to=asked.goal,
    )  # fmt: skip
    return promotion, plan, job


def stage_plan(giver: Database, taker: Database, goal: list[str], *, user: User) -> Plan:
    """What one stage would run. Raises NothingToPromote where the giver itself does not have it."""
    plan = make_plan(taker, user=user, command=Command.UPGRADE, revision=goal[0] if len(goal) == 1 else goal)
    giver.refresh_from_db(fields=["current"])
    given = graphs.load(plan.snapshot).ancestors(giver.current) if plan.snapshot else set()
    if ahead := [step["revision"] for step in plan.steps if step["revision"] not in given]:
        raise NothingToPromote(f"{giver} does not have {', '.join(ahead[:5])} itself; promote only what it has.")
    return plan


def stage_wishes(wishes: Wishes, database: Database) -> Wishes:
    """What was wished for a whole chain, as far as it means something for this stage now."""
    later = wishes.not_before if wishes.not_before and wishes.not_before > timezone.now() else None
    in_window = wishes.in_window and bool(policies.rules_for(database).windows)
    return replace(wishes, not_before=later, in_window=in_window)


def already(database: Database) -> str:
    """Why a stage was passed over."""
    return f"{database} has all of it already."


def _first_due(way: list[Database], goal: list[str], *, user: User) -> tuple[int, Plan]:
    """The first stage with something to run, else the last one; what is before it has everything already."""
    for place, taker in enumerate(way[1:-1], start=1):
        plan = stage_plan(way[0], taker, goal, user=user)
        if plan.steps:
            return place, plan
    return len(way) - 1, stage_plan(way[0], way[-1], goal, user=user)


def _goal(way: list[Database], revision: str | None, *, user: User) -> list[str]:
    """What every stage is brought to, as explicit ids: what the giver has now, or `revision` as the first taker understands it."""
    giver = way[0]
    if not giver.current:
        raise NothingToPromote(f"{giver} has no revision to promote: it is {giver.get_state_display().lower()}.")
    if not revision:
        return sorted(giver.current)
    plan = stage_plan(giver, way[1], [revision], user=user)
    if plan.steps and plan.snapshot:
        given = graphs.load(plan.snapshot).ancestors(giver.current)
        return [head for head in plan.to_heads if head in given]
    return resolve(graphs.load(plan.snapshot), Command.UPGRADE, revision, []).to_heads if plan.snapshot else [revision]


def _stages(promotion: Promotion, asked: Route, job: Job) -> None:
    """The one at `place` has the job; those before it have nothing to do, and those after it wait."""
    for position, (giver, taker) in enumerate(pairwise(asked.way), start=1):
        state: dict[str, Any] = {"status": Stage.Status.SUCCEEDED, "note": already(taker)} if position < asked.place else {}
        state = {"status": Stage.Status.REQUESTED, "job": job} if position == asked.place else state
        Stage.objects.create(promotion=promotion, position=position, giver=giver, database=taker, **state)
