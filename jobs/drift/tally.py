"""How many differences each database has, kept beside its state: a page of hundreds of databases cannot read and weigh all comparisons."""

from collections.abc import Iterable
from datetime import timedelta

from django.utils import timezone

from environments.models import Database
from jobs.drift import queries
from migrations_store.models import IgnoredDifference, Project

LATELY = timedelta(hours=1)


def recount(databases: Iterable[Database]) -> None:
    """Writes what has changed. A comparison says nothing of a database that has moved since."""
    for row in queries.rows_of(databases):
        database, found = row.database, row.comparison
        counts = found is not None and (database.changed_at is None or database.changed_at <= found.at)
        number, at = (len(row.entries), found.at) if found and counts else (0, None)
        if (number, at) != (database.differences, database.differences_at):
            Database.objects.filter(pk=database.pk).update(differences=number, differences_at=at)


def recount_project(project: Project) -> None:
    recount(project.databases.select_related("project", "environment").defer("pending"))


def sweep() -> None:
    """Rules end by themselves; what they hid counts again."""
    now = timezone.now()
    ended = IgnoredDifference.objects.filter(taken_back_at=None, expires_at__lte=now, expires_at__gt=now - LATELY)
    for project in Project.objects.filter(pk__in=ended.values("project")):
        recount_project(project)
