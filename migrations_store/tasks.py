"""Celery's entrances: an id in, one call."""

from celery import shared_task

from migrations_store import risks
from migrations_store.models import Snapshot


@shared_task
def judge_files(snapshot_id: int) -> None:
    """A message may come after the project was deleted."""
    snapshot = Snapshot.objects.defer("graph", "manifest").filter(pk=snapshot_id).first()
    if snapshot is not None:
        risks.judge_all(snapshot)
