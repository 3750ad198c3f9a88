"""What follows a promotion's job: the next stage, or the end. Rung when a job has ended, and by every sweep; doubled rings do nothing.

Each step is a compare-and-set on the stage's row, in one transaction with what comes of it.
"""

import logging

from django.db import transaction
from django.db.models.functions import Now

from accounts.permissions import Action
from audit.services import record
from config.errors import Refused
from environments.permissions import require_on
from jobs import confirmation, services
from jobs.models import FINAL, Job, JobStatus, OutcomeState, Plan, Promotion, Stage
from jobs.promotions import already, stage_plan, stage_wishes

logger = logging.getLogger(__name__)
RELATED = ("job", "giver__environment", "giver__project", "database__environment", "database__project")


def sweep() -> None:
    """Whatever rings were lost."""
    for promotion_id in Promotion.objects.filter(status=Promotion.Status.ACTIVE).values_list("pk", flat=True):
        try:
            advance(promotion_id)
        except Exception:  # the boundary of one promotion: what breaks there must not stop the others
            logger.exception("promotion %s could not be advanced", promotion_id)


def advance(promotion_id: int) -> None:
    """Goes on as far as can be gone now."""
    while promotion := Promotion.objects.select_related("requested_by").filter(pk=promotion_id, status=Promotion.Status.ACTIVE).first():
        stage = promotion.stages.select_related(*RELATED).exclude(status=Stage.Status.SUCCEEDED).first()
        if stage is None:
            _close(promotion, Promotion.Status.SUCCEEDED)
        elif not (_judge(promotion, stage) if stage.status == Stage.Status.REQUESTED else _begin(promotion, stage)):
            return


def _judge(promotion: Promotion, stage: Stage) -> bool:
    """Looks at the stage's job. False while there is nothing to do but wait."""
    job = stage.job
    if job is None:
        return _end(promotion, stage, f"The job on {stage.database} was deleted.")
    if job.status == JobStatus.SUCCEEDED and job.database_state == OutcomeState.AT_TARGET:
        return _move(stage, Stage.Status.SUCCEEDED)
    return _end(promotion, stage, _why_ended(job)) if job.status in FINAL else False


def _begin(promotion: Promotion, stage: Stage) -> bool:
    """Asks for the job of a stage whose turn has come, in the name of whoever asked for the promotion."""
    user, giver, database = promotion.requested_by, stage.giver, stage.database
    if giver is None:
        return _end(promotion, stage, f"The database from which {database} was to get it was deleted.")
    try:
        require_on(user, Action.RUN, database)
        plan = stage_plan(giver, database, promotion.goal, user=user)
        if not plan.steps:
            return _move(stage, Stage.Status.SUCCEEDED, already(database))
        if confirmation.needs_name(plan):
            return _end(promotion, stage, _unconfirmed(plan))
        return _request(promotion, stage, plan)
    except Refused as refused:
        return _end(promotion, stage, str(refused))


def _request(promotion: Promotion, stage: Stage, plan: Plan) -> bool:
    """False if another ring has done it: then the transaction holds nothing."""
    wishes = stage_wishes(services.Wishes(promotion.run_when_approved, promotion.not_before, promotion.in_window), stage.database)
    with transaction.atomic():
        if not _move(stage, Stage.Status.REQUESTED):
            return False
        job = services.queue(
            plan, user=promotion.requested_by, reason=promotion.reason, promotion=promotion, requested=promotion.goal, wishes=wishes
        )
        Stage.objects.filter(pk=stage.pk).update(job=job)
        record(
            "scheduler", "promotion.advance", f"promotion {promotion.pk}", stage=stage.position, database=str(stage.database),
            job=job.pk, plan=plan.digest, on_behalf_of=promotion.requested_by.username,
        )  # fmt: skip
    return True


def _move(stage: Stage, status: Stage.Status, note: str = "") -> bool:
    """The compare-and-set: whether it was this call that moved the stage on."""
    return bool(Stage.objects.filter(pk=stage.pk, status=stage.status).update(status=status, note=note))


@transaction.atomic
def _end(promotion: Promotion, stage: Stage, why: str) -> bool:
    """A stage that did not succeed ends the promotion; those after it are not begun."""
    if _move(stage, Stage.Status.ENDED, why):
        _close(promotion, Promotion.Status.ENDED, why=why, stage=stage.position)
    return False


@transaction.atomic
def _close(promotion: Promotion, status: Promotion.Status, **detail: object) -> None:
    active = Promotion.objects.filter(pk=promotion.pk, status=Promotion.Status.ACTIVE)
    if active.update(status=status, finished_at=Now()):
        record("scheduler", f"promotion.{status}", f"promotion {promotion.pk}", project=promotion.project.slug, **detail)


def _unconfirmed(plan: Plan) -> str:
    """What destroys data where it is protected is asked for by a person who has read what is lost."""
    lost = ", ".join(f"{loss.what} {loss.object}" for loss in confirmation.losses(plan)[:5])
    place = plan.database.environment.slug
    return f"On {plan.database} data would be lost ({lost}), which a person confirms: promote to {place} alone. Nothing was run there."


def _why_ended(job: Job) -> str:
    it = f"Job {job.pk} on {job.database}"
    reason = {
        JobStatus.FAILED: f"{it} failed: {(job.error or {}).get('title', 'it gave no reason')}.",
        JobStatus.CANCELED: f"{it} was canceled by {job.canceled_by or 'the dashboard'}.",
        JobStatus.REJECTED: f"{it} was rejected.",
    }
    return reason.get(JobStatus(job.status), f"{it} did not bring the database where it should be.")
