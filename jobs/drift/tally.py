"""How many differences each database has, kept beside its state: a page of hundreds of databases cannot read and weigh all comparisons."""

from collections.abc import Iterable

from django.db.models import Min
from django.utils import timezone

from environments.models import Database
from jobs.drift import ledger, queries
from migrations_store.models import Project


def recount(databases: Iterable[Database]) -> None:
    """Writes what has changed, and until when it holds. A comparison says nothing of a database that has moved since."""
    rows = queries.rows_of(databases)
    rules = ledger.alive(*{row.database.project_id for row in rows})
    ends = dict(rules.order_by().values_list("project").annotate(first=Min("expires_at")))
    for row in rows:
        database, found, until = row.database, row.comparison, ends.get(row.database.project_id)
        counts = found is not None and (database.changed_at is None or database.changed_at <= found.at)
        number, at = (len(row.entries), found.at) if found and counts else (0, None)
        if (number, at, until) != (database.differences, database.differences_at, database.differences_until):
            Database.objects.filter(pk=database.pk).update(differences=number, differences_at=at, differences_until=until)


def recount_project(project: Project) -> None:
    recount(project.databases.select_related("project", "environment").defer("pending"))


def sweep() -> None:
    """Rules end by themselves, also while nothing runs; what they hid counts again."""
    due = Database.objects.filter(differences_until__lte=timezone.now())
    recount(due.select_related("project", "environment").defer("pending"))
