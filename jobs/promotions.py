"""Promotion: bring one environment's database to the revisions that another's has."""

from django.db import transaction

from accounts.models import User
from accounts.permissions import Action, require
from audit.services import record
from environments.models import Database, Environment
from jobs import services
from jobs.errors import NothingToPromote
from jobs.models import Command, Job, Plan, Promotion
from jobs.plans import make_plan
from migrations_store import graph as graphs
from migrations_store.models import Project


def plan_promotion(project: Project, *, user: User, source: Environment, target: Environment, revision: str | None = None) -> Plan:
    """The upgrade that gives the target what the source has, or up to `revision` of it."""
    if source == target:
        raise NothingToPromote(f"{source} cannot be promoted to itself. Name another environment.")
    giver, taker = _database(project, source), _database(project, target)
    plan = make_plan(taker, user=user, command=Command.UPGRADE, revision=_goal(giver, revision))
    given = graphs.load(plan.snapshot).ancestors(giver.current) if plan.snapshot else set()
    if ahead := [step["revision"] for step in plan.steps if step["revision"] not in given]:
        raise NothingToPromote(f"{giver} does not have {', '.join(ahead[:5])} itself; promote only what it has.")
    return plan


def promote(
    project: Project,
    *,
    user: User,
    source: Environment,
    target: Environment,
    revision: str | None = None,
    plan_digest: str | None = None,
    reason: str = "",
    idempotency_key: str | None = None,
) -> tuple[Promotion, Plan, Job]:
    """Records the promotion and queues its job; in a protected environment the job waits for approval.

    `plan_digest` and `idempotency_key` work as in services.request_job.
    """
    require(user, Action.RUN)
    if (first := services.first_of(user, idempotency_key)) and first.promotion:
        return first.promotion, first.plan, first
    plan = plan_promotion(project, user=user, source=source, target=target, revision=revision)
    services.require_digest(plan, plan_digest)
    with transaction.atomic():
        promotion = Promotion.objects.create(project=project, source=source, target=target, requested_by=user)
        job = services.queue(plan, user=user, reason=reason, idempotency_key=idempotency_key, promotion=promotion, requested=plan.to_heads)
        record(
            user.username, "promotion.request", f"promotion {promotion.pk}", project=project.slug, source=source.slug,
            target=target.slug, job=job.pk, to=plan.to_heads,
        )  # fmt: skip
    return promotion, plan, job


def _goal(giver: Database, revision: str | None) -> list[str]:
    if not giver.current:
        raise NothingToPromote(f"{giver} has no revision to promote: it is {giver.get_state_display().lower()}.")
    return [revision] if revision else sorted(giver.current)


def _database(project: Project, environment: Environment) -> Database:
    """The project's database in the environment; in a fleet the one without a name."""
    found = list(Database.objects.select_related("project", "environment").filter(project=project, environment=environment))
    named = [database for database in found if not database.name] or found
    if not named:
        raise NothingToPromote(f"{project.slug} has no database in {environment.slug}. Add one first.")
    if len(named) > 1:
        names = ", ".join(database.name for database in named[:10])
        raise NothingToPromote(f"{project.slug} has {len(named)} databases in {environment.slug} ({names}). Request a job for each.")
    return named[0]
