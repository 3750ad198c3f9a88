"""Celery's entrances: an id in, one call."""

from celery import shared_task

from environments import readings
from environments.models import Database


@shared_task
def check_database(database_id: str) -> None:
    """A message may come twice, or after the database was deleted."""
    database = Database.objects.select_related("project", "environment").filter(pk=database_id).first()
    if database is not None:
        readings.check_database_now(database)


@shared_task
def check_all() -> None:
    readings.check_all()
