"""Promotions: bring databases to what others have, in one stage or through several; and rollbacks, which lead down."""

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Header, Router, Status
from pydantic import Field

from accounts.models import User
from api.auth import user_of
from api.jobs import JobShown, Key, Wanted, job_shown
from api.paging import PageQuery, listed
from api.plans import PlanShown, plan_shown
from api.schemas import Listed, Shown, Time
from api.times import shown
from config.errors import Invalid
from environments.models import Environment
from environments.queries import get_database, get_environment
from jobs import batches, queries, reviews, rollbacks
from jobs import promotions as services
from jobs.models import Promotion, Stage
from migrations_store.queries import get_project

router = Router(tags=["promotions"], by_alias=True)
downwards = Router(tags=["promotions"], by_alias=True)
FIELDS = {"typed": "confirm", "accepted": "accept_data_loss"}  # the service names them as the page does


class NewPromotion(Wanted):
    """From one environment to another, whole or up to `revision`. `through` names the environments between, in order: their jobs
    follow one another by themselves. `projects` instead of `project` promotes several at once."""

    project: str | None = None
    projects: list[str] | None = Field(None, max_length=batches.LARGEST)
    source: str = Field(alias="from")
    target: str = Field(alias="to")
    through: list[str] = Field([], max_length=20)
    revision: str | None = None
    name: str | None = Field(None, max_length=100)
    plan_digest: str | None = Field(None, max_length=64)


class NewRollback(Wanted):
    """Down to `revision`, or to where the database was before the job `before_job`. In a protected environment `confirm` is its slug,
    and `accept_data_loss` names each loss as the plan's steps do: "revision what object"."""

    database: str
    revision: str | None = None
    before_job: str | None = Field(None, max_length=18)
    plan_digest: str | None = Field(None, max_length=64)
    confirm: str = Field("", max_length=100)
    accept_data_loss: list[str] = Field([], max_length=1000)


class StageShown(Shown):
    """One database on the way. `note` says how it ended, or why it was passed over."""

    environment: str
    database: str
    status: str
    job: str | None
    note: str


class PromotionShown(Shown):
    """`status` is active, succeeded or ended; the later stages of an active one begin by themselves."""

    id: str
    kind: str
    status: str
    project: str
    source: str = Field(alias="from")
    target: str = Field(alias="to")
    goal: list[str]
    stages: list[StageShown]
    batch: str | None
    reason: str
    requested_by: str
    created_at: Time
    finished_at: Time | None


class MadeShown(PromotionShown):
    """The plan that was made, and the job that runs it."""

    plan: PlanShown
    job: JobShown


class RefusedShown(Shown):
    what: str
    why: str


class RequestShown(MadeShown):
    """The promotion. Of several at once it is the first, `promotions` are all of them, and `refused` says what was not promoted and why."""

    promotions: list[MadeShown]
    refused: list[RefusedShown]


@router.post("", response={201: RequestShown}, summary="Promote from one environment to another")
def create_promotion(
    request: HttpRequest, payload: NewPromotion, idempotency_key: Annotated[Key, Header("", alias="Idempotency-Key")] = ""
) -> Status[dict[str, Any]]:
    user, refused = user_of(request), []
    moves, alone = _moves(payload, user)
    if payload.project is not None and len(moves) == 1 and not alone:
        move = moves[0]
        promotion, _, _ = services.promote(
            move.project, user=user, source=move.source, target=move.target, through=move.through, revision=move.revision,
            name=move.name, plan_digest=move.digest, reason=payload.reason or "", wishes=payload.wishes(),
            idempotency_key=idempotency_key or None,
        )  # fmt: skip
        found = [promotion]
    else:
        batch = batches.promote_all(
            moves, user=user, reason=payload.reason or "", wishes=payload.wishes(), key=idempotency_key or None, alone=alone
        )
        found, refused = list(batch.promotions.order_by("pk")), batch.refused
    made = [_made(user, promotion.pk) for promotion in found]
    return Status(201, made[0] | {"promotions": made, "refused": refused})


@router.get("", response=Listed[PromotionShown], summary="List promotions and rollbacks, newest first")
def list_promotions(request: HttpRequest, page: PageQuery) -> dict[str, Any]:
    return listed(reviews.promotions(user_of(request)), page, lambda rows: [promotion_shown(row) for row in rows])


@router.get("/{id}", response=PromotionShown, summary="One promotion or rollback")
def get_promotion(request: HttpRequest, id: str) -> dict[str, Any]:
    return promotion_shown(reviews.get_promotion(user_of(request), id))


@downwards.post("", response={201: MadeShown}, summary="Roll a database back")
def create_rollback(
    request: HttpRequest, payload: NewRollback, idempotency_key: Annotated[Key, Header("", alias="Idempotency-Key")] = ""
) -> Status[dict[str, Any]]:
    if (payload.revision is None) == (payload.before_job is None):
        raise Invalid("Name either a revision or before_job.", {"revision": "One of revision and before_job."})
    user = user_of(request)
    try:
        promotion = _rolled_back(user, payload, idempotency_key or None)
    except Invalid as error:
        raise Invalid(str(error), {FIELDS.get(name, name): sentence for name, sentence in error.fields.items()}) from error
    return Status(201, _made(user, promotion.pk))


def _rolled_back(user: User, payload: NewRollback, key: str | None) -> Promotion:
    promotion, _, _ = rollbacks.roll_back(
        get_database(user, payload.database),
        user=user,
        to=payload.revision if payload.revision is not None else f"{rollbacks.BEFORE}{payload.before_job}",
        plan_digest=payload.plan_digest,
        reason=payload.reason or "",
        typed=payload.confirm,
        accepted=payload.accept_data_loss,
        wishes=payload.wishes(),
        idempotency_key=key,
    )
    return promotion


def promotion_shown(promotion: Promotion) -> dict[str, Any]:
    return {
        "id": str(promotion.pk),
        "kind": promotion.kind,
        "status": promotion.status,
        "project": promotion.project.slug,
        "from": promotion.source.slug,
        "to": promotion.target.slug,
        "goal": promotion.goal,
        "stages": [_stage(stage) for stage in promotion.stages.all()],
        "batch": str(promotion.batch_id) if promotion.batch_id else None,
        "reason": promotion.reason,
        "requested_by": promotion.requested_by.username,
        "created_at": shown(promotion.created_at),
        "finished_at": shown(promotion.finished_at),
    }


def _made(user: User, id: int) -> dict[str, Any]:
    """With the plan and the job of the stage that runs first."""
    promotion = reviews.get_promotion(user, id)
    job = queries.get_job(user, next(stage.job_id for stage in promotion.stages.all() if stage.job_id))
    return promotion_shown(promotion) | {"plan": plan_shown(queries.get_plan(user, job.plan_id)), "job": job_shown(job)}


def _stage(stage: Stage) -> dict[str, Any]:
    return {
        "environment": stage.database.environment.slug,
        "database": str(stage.database_id),
        "status": stage.status,
        "job": str(stage.job_id) if stage.job_id else None,
        "note": stage.note,
    }


def _moves(payload: NewPromotion, user: User) -> tuple[list[batches.Move], list[str]]:
    """What is wanted, project by project; a fleet is spread out unless one database is named."""
    if (payload.project is None) == (payload.projects is None):
        raise Invalid("Name either project or projects.", {"project": "One of project and projects."})
    source, target = get_environment(user, payload.source), get_environment(user, payload.target)
    through = tuple(get_environment(user, slug) for slug in payload.through)
    if payload.projects is not None and payload.plan_digest:
        raise Invalid("A plan's digest is for one project.", {"plan_digest": "Not with projects."})
    moves, alone = [], []
    for slug in [payload.project] if payload.project is not None else payload.projects or []:
        found, without = _of_project(payload, user, slug, (source, target, through))
        moves += found
        alone += without
    return moves, alone


def _of_project(
    payload: NewPromotion, user: User, slug: str, way: tuple[Environment, Environment, tuple[Environment, ...]]
) -> tuple[list[batches.Move], list[str]]:
    source, target, through = way
    project = get_project(user, slug)
    single = batches.Move(project, source, target, through, payload.name, payload.revision, payload.plan_digest)
    if payload.name is not None:
        return [single], []
    return batches.spread(single)
