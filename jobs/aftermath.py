"""What a job left behind or kept from happening, in sentences: a cancel's effect, and indexes that were never finished."""

from collections.abc import Collection
from typing import Any

from environments import version_table
from environments.errors import Unreachable
from environments.models import Database
from environments.version_table import Reading
from jobs.catalogue import OURS
from jobs.models import Command, Job, JobStatus, OutcomeState, StepStatus
from jobs.supervisor import Exit

INVALID = (
    "It left an invalid index, {names}: PostgreSQL does not use it, keeps it up to date all the same, and a second try will say that it"
    " exists, or with IF NOT EXISTS do nothing."
)
STANDING = (
    "An index that is there is invalid, {names}: a CREATE INDEX CONCURRENTLY has not finished. PostgreSQL does not use it, and with"
    " IF NOT EXISTS a revision leaves it so."
)
DROP = "Drop what is invalid before the next try, outside a transaction: DROP INDEX CONCURRENTLY {name};"


def left_invalid(before: Reading | Unreachable | None, after: Reading | Unreachable | None) -> list[str]:
    """Indexes that have become invalid between two readings."""
    if not isinstance(after, Reading):
        return []
    known = before.invalid_indexes if isinstance(before, Reading) else []
    return [name for name in after.invalid_indexes if name not in known]


def still_invalid(before: Reading | Unreachable | None, after: Reading | Unreachable | None) -> list[str]:
    """Indexes that were invalid when the job began, and are."""
    new = left_invalid(before, after)
    return [name for name in after.invalid_indexes if name not in new] if isinstance(after, Reading) else []


def in_the_way(error: dict[str, Any] | None, names: list[str]) -> list[str]:
    """Those of the indexes that the driver's message names: it broke the job, or was no help to it."""
    message = str(((error or {}).get("detail") or {}).get("message") or "")
    return [name for name in names if f'"{name.rpartition(".")[2].strip(chr(34))}"' in message]


def with_invalid(error: dict[str, Any] | None, names: list[str], told: str = INVALID) -> dict[str, Any] | None:
    """The job's error with the indexes named in it; a canceled job gets one of its own."""
    if not names:
        return error
    sentence, steps = told.format(names=", ".join(names)), [DROP.format(name=name) for name in names]
    if error is None:
        known = OURS["invalid_index"]
        return {"code": known.code, "title": known.title, "why": sentence, "next": steps, "detail": {}}
    return error | {"why": f"{error['why']} {sentence}", "next": [*steps, *error["next"]]}


def version_elsewhere(
    error: dict[str, Any] | None, end: Exit, database: Database, tables: Collection[tuple[str, str]]
) -> dict[str, Any] | None:
    """The error of a job that ran to its end, or found another start, because env.py worked in other schemas than the profile's."""
    ran = error is None and end.closed
    if not tables or not (ran or (error or {}).get("code") == "plan_changed") or any(_is_same(database, *table) for table in tables):
        return None
    theirs = ".".join(part for part in list(tables)[-1] if part)
    message = f"env.py keeps the version in {theirs}, and the settings of this database name {version_table.full_name(database)}."
    return {"event": "error", "code": "version_elsewhere", "type": "Failure", "message": message}


def _is_same(database: Database, schema: str, name: str) -> bool:
    """A schema that is not named, on either side, may be the one that is."""
    schemas = {schema, database.version_table_schema or ""}
    return name == version_table.table_name(database) and (len(schemas) == 1 or schemas in ({"", "public"}, {"", database.database}))


def cancel_sentence(job: Job) -> str:
    """What the database did when the job was canceled; empty for a job that nobody canceled, or that never ran."""
    if job.cancel_requested_at is None or job.started_at is None or not job.database_state:
        return ""
    if job.status == JobStatus.SUCCEEDED:
        return "It had finished before the cancel took effect."
    if job.command == Command.CHECK:
        return ""
    place = str(job.database)
    done = job.steps.filter(status=StepStatus.SUCCEEDED).count()
    at = ", ".join(job.heads_after or []) or "base"
    sentences: dict[str, str] = {
        OutcomeState.AT_TARGET: f"The migration had finished before it was canceled: {place} is at {at}, as planned.",
        OutcomeState.UNCHANGED: (
            f"Version and schema of {place} are as they were; what the job had begun was rolled back, unless a revision committed it by"
            " itself."
        ),
        OutcomeState.PARTIAL: f"It was stopped in between: {done} of {job.steps.count()} steps stayed, and {place} is at {at}.",
        OutcomeState.UNKNOWN: f"{place} could not be read, or a statement of the job still runs there; it is asked again soon.",
    }
    return sentences[job.database_state]
