"""What the dashboard's store says, read with its own models, from this process."""

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from django.db import DatabaseError, InterfaceError, close_old_connections, connection

from audit import queries as audit
from audit.models import AuditEntry
from crash.checker import Told, Violation
from environments.models import Database
from jobs.models import Job, LogChunk, Step

T = TypeVar("T")
FIELDS = ("pk", "status", "database_state", "heads_after", "line_count", "pid", "fence", "database_id")


def patiently(question: Callable[[], T], seconds: float = 20) -> T:
    """The store may be away for a moment: it is one of the things that are killed."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return question()
        except (DatabaseError, InterfaceError):
            connection.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
            close_old_connections()


def rows(ids: list[int]) -> dict[int, dict[str, Any]]:
    return patiently(lambda: {row["pk"]: row for row in Job.objects.filter(pk__in=ids).values(*FIELDS)})


def current() -> dict[str, tuple[str, list[str]]]:
    """Per database what its page says."""
    return patiently(lambda: {str(id): (state, found) for id, state, found in Database.objects.values_list("pk", "state", "current")})


def told(ids: list[int]) -> dict[int, Told]:
    return patiently(lambda: _told(ids))


def _told(ids: list[int]) -> dict[int, Told]:
    steps, actions, chunks = defaultdict(list), defaultdict(list), defaultdict(list)
    for step in Step.objects.filter(job__in=ids).order_by("position").values("job_id", "revision", "direction", "status"):
        steps[step["job_id"]].append(step)
    for name, action in AuditEntry.objects.filter(object__in=[f"job {id}" for id in ids]).order_by("seq").values_list("object", "action"):
        actions[int(name.split()[1])].append(action)
    for chunk in LogChunk.objects.filter(job__in=ids).order_by("first_seq"):
        chunks[chunk.job_id].append((chunk.first_seq, chunk.last_seq, len(chunk.lines)))
    found = {}
    for job in Job.objects.filter(pk__in=ids).select_related("plan", "database"):
        row = {name: getattr(job, name) for name in FIELDS}
        plan = job.plan
        found[job.pk] = Told(
            row, steps[job.pk], actions[job.pk], chunks[job.pk], [step["revision"] for step in plan.steps], plan.from_heads, plan.to_heads,
            job.database.current, job.database.state,
        )  # fmt: skip
    return found


def record_holds() -> list[Violation]:
    """I7: the chain of entries."""
    broken = patiently(audit.verify).broken_at
    return [Violation("wrong_verdicts", "I7", f"the record is broken at entry {broken}")] if broken else []


def shows(secret: str) -> list[Violation]:
    """I8: the secret in no row of the store."""
    if not secret:
        return []
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT count(*) FROM "{table}" AS row WHERE row::text LIKE %s', [f"%{secret}%"])
            if count := cursor.fetchone()[0]:
                found.append(Violation("wrong_verdicts", "I8", f"{count} rows of {table} hold the password of the target"))
    return found
