"""Promotions: bring one environment's database to what another's has."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from api.auth import user_of
from api.jobs import JobShown, job_shown
from api.plans import PlanShown, plan_shown
from api.schemas import Body, Shown
from environments.queries import get_environment
from jobs.promotions import promote
from jobs.queries import get_job
from migrations_store.queries import get_project

router = Router(tags=["promotions"], by_alias=True)


class NewPromotion(Body):
    """From one environment to another, whole or up to `revision`."""

    project: str
    source: str = Field(alias="from")
    target: str = Field(alias="to")
    revision: str | None = None


class PromotionShown(Shown):
    """The plan that was made, and the job that runs it."""

    id: str
    plan: PlanShown
    job: JobShown


@router.post("", response={201: PromotionShown}, summary="Promote a project from one environment to another")
def create_promotion(request: HttpRequest, payload: NewPromotion) -> Status[dict[str, Any]]:
    user = user_of(request)
    promotion, plan, job = promote(
        get_project(user, payload.project),
        user=user,
        source=get_environment(user, payload.source),
        target=get_environment(user, payload.target),
        revision=payload.revision,
    )
    return Status(201, {"id": str(promotion.pk), "plan": plan_shown(plan), "job": job_shown(get_job(user, job.pk))})
