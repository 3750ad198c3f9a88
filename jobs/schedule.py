"""Whose turn it is on a database, and when: first come, first served, among the jobs that are due.

A job with a time stands in line from that time on; one that a closed gate sent back keeps its place, and holds up nobody meanwhile.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from config.doorbell import ring
from config.errors import Invalid
from environments.policies import Rules
from jobs.models import HOLDING, Job, JobStatus

ASKED_AGAIN = timedelta(seconds=60)  # a freeze may be lifted and a window be moved while a job waits for it
FURTHEST = timedelta(days=366)
DUE = (Q(not_before=None) | Q(not_before__lte=Now())) & (Q(held_until=None) | Q(held_until__lte=Now()))
TURN = (Coalesce("not_before", "created_at"), "pk")


def line(database_ids: Iterable[Any] | None = None) -> QuerySet[Job]:
    """The queued jobs whose time has come, the first one first."""
    queued = Job.objects.filter(DUE, status=JobStatus.QUEUED)
    return (queued if database_ids is None else queued.filter(database__in=list(database_ids))).order_by(*TURN)


def before(database_id: Any, job: Job | None) -> Job | None:
    """The job that has to end first: the one that runs there, else the first in line; None if that is this one."""
    others = Job.objects.filter(database=database_id)
    if job is not None:
        others = others.exclude(pk=job.pk)
    if running := others.filter(status__in=HOLDING).order_by("pk").first():
        return running
    if job is None or job.status != JobStatus.QUEUED:
        return line([database_id]).first()
    for other in line([database_id]):
        if other.pk == job.pk or _turn(other) > _turn(job):
            return None
        return other
    return None


def _turn(job: Job) -> tuple[datetime, int]:
    return job.not_before or job.created_at, job.pk


def is_due(job: Job) -> bool:
    """By the store's clock."""
    return Job.objects.filter(DUE, pk=job.pk).exists()


def first_in_line() -> list[int]:
    """The job of each database whose turn it is, where nothing runs."""
    held = Job.objects.filter(status__in=HOLDING).values_list("database_id", flat=True)
    first: dict[Any, int] = {}
    for database_id, job_id in line().exclude(database__in=list(held)).values_list("database_id", "pk"):
        first.setdefault(database_id, job_id)
    return list(first.values())


def ring_next(database_id: Any) -> None:
    """Whose turn it is on this database now gets it, if anybody waits."""
    waiting = line([database_id]).values_list("pk", flat=True).first()
    if waiting:
        ring("jobs.tasks.run_job", waiting)


def asked_again(opens_at: datetime | None) -> datetime:
    """When a job that was sent back is looked at again."""
    soon = timezone.now() + ASKED_AGAIN
    return min(opens_at, soon) if opens_at else soon


def check(not_before: datetime | None, *, in_window: bool, rules: Rules) -> None:
    """Raises Invalid for a time that is none, and for a window where there are none."""
    if not_before is not None and timezone.is_naive(not_before):
        raise Invalid("The time has no zone. Name one, such as Z for UTC.", {"not_before": "Name the zone."})
    if not_before is not None and not timezone.now() < not_before < timezone.now() + FURTHEST:
        raise Invalid("The time has passed, or is more than a year away. Nothing was requested.", {"not_before": "Within a year."})
    if in_window and not rules.windows:
        raise Invalid("This environment has no run windows. Leave the window out, or name a time.", {"in_window": "There are no windows."})
