"""Models against databases as they were found by the last checks: one row for each database, and each difference with where it is."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Max, QuerySet
from django.utils.dateparse import parse_datetime

from accounts.models import User
from environments import queries as environments
from environments.models import Database
from jobs.drift import ledger
from jobs.models import ACTIVE, Command, Comparison, Job, JobStatus
from migrations_store.models import IgnoredDifference, Project

Shown = dict[str, Any]
WHAT = ("added", "removed", "changed", "run")


@dataclass(frozen=True)
class Row:
    """One database. `job` is its last check, `comparison` the last that could compare, which may be an older one."""

    database: Database
    job: Job | None = None
    comparison: Comparison | None = None
    entries: list[Shown] = field(default_factory=list)
    ignored: list[Shown] = field(default_factory=list)

    @property
    def state(self) -> str:
        """never, running, failed (it could not be checked), in_step or differs."""
        if self.job is None:
            return "never"
        if self.job.status in ACTIVE:
            return "running"
        if self.job.status != JobStatus.SUCCEEDED or self.comparison is None:
            return "failed"
        return "differs" if self.entries else "in_step"

    @property
    def why(self) -> str:
        """Why it could not be checked."""
        if self.job is None:
            return ""
        error = self.job.error or {"title": "Nothing was found", "why": f"The check was {self.job.get_status_display().lower()}."}
        title = str(error["title"]).removeprefix(f"{self.database}: ")
        return f"{title[:1].upper()}{title[1:]}. {error['why']}"

    @property
    def counts(self) -> dict[str, int]:
        found = {what: sum(entry["what"] == what for entry in self.entries) for what in WHAT}
        return found | {"data_loss": sum(bool(entry["data_loss"]) for entry in self.entries), "ignored": len(self.ignored)}

    @property
    def since(self) -> datetime | None:
        """When the oldest of the differences that count was first seen."""
        return parse_datetime(min(entry["since"] for entry in self.entries)) if self.entries else None


@dataclass(frozen=True)
class Same:
    """One difference, and the databases in which it is, with since when."""

    entry: Shown
    places: list[tuple[Database, datetime | None]]

    @property
    def since(self) -> datetime | None:
        """When the first of them had it."""
        return min((moment for _, moment in self.places if moment), default=None)


def rows(user: User, project: Project) -> list[Row]:
    """In the order of the environments."""
    return rows_of(environments.databases(user, project=project).defer("pending"))


def everywhere(user: User, *, only_differing: bool = False) -> QuerySet[Database]:
    """Of all projects, those that differ most first."""
    found = environments.databases(user, differing=True if only_differing else None).defer("pending")
    return found.order_by("-differences", "project__slug", "environment__position", "name")


def differ(user: User) -> int:
    """How many of the databases that the person sees differ from their models."""
    return environments.databases(user, differing=True).order_by().count()


def rows_of(databases: Iterable[Database]) -> list[Row]:
    """The same few queries however many databases there are."""
    databases = list(databases)
    checks, found = _newest(Job.objects.filter(command=Command.CHECK), databases), _newest(Comparison.objects.all(), databases)
    rules: dict[Any, list[IgnoredDifference]] = defaultdict(list)
    for rule in ledger.alive(*{database.project_id for database in databases}):
        rules[rule.project_id].append(rule)
    return [_row(database, checks.get(database.pk), found.get(database.pk), rules[database.project_id]) for database in databases]


def row_of(job: Job) -> Row | None:
    """What one check has found, as rules hide it now. None where it found nothing that was kept."""
    comparison = Comparison.objects.filter(job=job).first()
    return _row(job.database, job, comparison, list(ledger.alive(job.database.project))) if comparison else None


def same(found: list[Row]) -> list[Same]:
    """Each difference once, those in most databases first."""
    grouped: dict[tuple[str, str], Same] = {}
    for row in found:
        for entry in row.entries:
            one = grouped.setdefault((entry["key"], entry["what"]), Same(entry, []))
            one.places.append((row.database, parse_datetime(entry["since"])))
    return sorted(grouped.values(), key=lambda one: (-len(one.places), one.entry["object"]))


def _row(database: Database, job: Job | None, comparison: Comparison | None, rules: list[Any]) -> Row:
    return Row(database, job, comparison, *ledger.split(comparison.entries if comparison else [], rules, database.environment, database))


def _newest(found: QuerySet[Any], databases: list[Database]) -> dict[Any, Any]:
    """The last row of each database; two queries."""
    last = found.filter(database__in=databases).order_by().values("database").annotate(last=Max("pk")).values_list("last", flat=True)
    return {row.database_id: row for row in found.filter(pk__in=list(last))}
