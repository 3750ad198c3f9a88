"""A store that was restored from a backup: what was waiting in it then must not run now as if nothing had happened since."""

import logging
from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from audit.models import AuditHead
from audit.services import record
from jobs.models import WAITING, Job, JobStatus, OutcomeState, Promotion, Stage, Step, StepStatus

logger = logging.getLogger(__name__)
WHY = "The dashboard's store was restored from a backup. What waited in it has not been run; ask for it again if it is still wanted."


def look() -> None:
    """Cancels what waits if the record is shorter than it has been: time went back. Before anything is rung for."""
    seen = _seen()  # first the file: the record only grows, so whatever was seen once is there whenever it is read after that
    now = AuditHead.objects.filter(pk=1).values_list("seq", flat=True).first() or 0
    if now < seen:
        logger.warning("the record has %s entries and had %s: the store was restored", now, seen)
        cancel_waiting()
        _keep(now)
    elif now > seen:
        _keep(now)


def cancel_waiting() -> int:
    """Every job that waits for its turn or for approval; answers how many there were."""
    with transaction.atomic():
        waiting = list(Job.objects.select_for_update().filter(status__in=WAITING).values_list("pk", flat=True))
        marks = {"finished_at": Now(), "cancel_requested_at": Now(), "cancel_reason": WHY, "canceled_by": "the dashboard, restored"}
        Job.objects.filter(pk__in=waiting).update(status=JobStatus.CANCELED, database_state=OutcomeState.UNCHANGED, **marks)
        Step.objects.filter(job__in=waiting, status=StepStatus.PENDING).update(status=StepStatus.SKIPPED)
        for job_id in waiting:
            record("scheduler", "job.cancel", f"job {job_id}", reason=WHY, was_running=False)
        _end_promotions()
    return len(waiting)


def _end_promotions() -> None:
    """Their later stages would begin by themselves."""
    for promotion in Promotion.objects.filter(status=Promotion.Status.ACTIVE):
        promotion.stages.filter(status__in=[Stage.Status.WAITING, Stage.Status.REQUESTED]).update(status=Stage.Status.ENDED, note=WHY)
        Promotion.objects.filter(pk=promotion.pk).update(status=Promotion.Status.ENDED, finished_at=Now())
        record("scheduler", "promotion.ended", f"promotion {promotion.pk}", why=WHY)


def _mark() -> Path:
    return Path(settings.DATA_DIR) / "record.seen"


def _seen() -> int:
    with suppress(OSError, ValueError):
        return int(_mark().read_text())
    return 0


def _keep(seq: int) -> None:
    with suppress(OSError):  # without the file nothing is known of the past, and nothing is canceled
        new = _mark().with_suffix(".new")
        new.write_text(str(seq))
        new.replace(_mark())
