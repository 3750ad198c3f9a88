"""A version table that moved although no job of ours moved it: said once, with the readings between which it happened."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Q

from accounts.permissions import Action, people_who_may
from audit.canonical import time
from audit.services import record
from environments.models import Database
from notices.services import tell

# A job with one of these may be at work on its database: whatever is seen there meanwhile may be its doing.
HOLDING = ("running", "unknown")
# The parts of a profile by which two profiles lead to one version table.
SAME = ("driver", "host", "port", "database", "version_table", "version_table_schema")


class Seen(StrEnum):
    """Who has read: somebody in passing, a job before it touched anything, or a job when its work was over."""

    IN_PASSING = "in passing"
    BEFORE_JOB = "before job"
    AFTER_JOB = "after job"


def watch(row: Database, current: list[str], at: datetime, seen: Seen) -> dict[str, Any]:
    """The columns to save with a reading; call it in the reading's transaction, with the row locked.

    `expected` is what jobs and earlier readings account for. While a job holds the database it stays as it is: the job itself
    compares before it begins, and says what it has done when it has ended.
    """
    if seen == Seen.AFTER_JOB:
        return {"expected": current, "expected_at": at, "moved_outside": None}
    if seen == Seen.IN_PASSING and row.jobs.filter(status__in=HOLDING).exists():
        return {}
    values: dict[str, Any] = {"expected": current, "expected_at": at}
    if row.expected is not None and row.expected != current and not _by_another_profile(row):
        values["moved_outside"] = _tell(row, current, at)
    return values


def _tell(row: Database, current: list[str], at: datetime) -> dict[str, Any]:
    told = {"from": row.expected, "to": current, "between": [time(row.expected_at) if row.expected_at else None, time(at)]}
    record("watcher", "database.moved_outside", f"database {row}", id=str(row.pk), **told)
    before, after = (", ".join(heads) or "base" for heads in (row.expected or [], current))
    tell(
        "moved_outside",
        text=f"{row} was moved from {before} to {after} outside the dashboard.",
        url=f"/databases/{row.pk}/",
        people=people_who_may(Action.RUN, project=row.project, environment=row.environment),
        project=row.project,
        environment=row.environment,
    )
    return told


def _by_another_profile(row: Database) -> bool:
    """Whether a job moved it by another profile that leads to the same place."""
    others = Database.objects.filter(**{part: getattr(row, part) for part in SAME}).exclude(pk=row.pk)
    since = Q(jobs__finished_at__gte=row.expected_at) if row.expected_at else Q()
    return others.filter(Q(jobs__status__in=HOLDING) | since).exists()
