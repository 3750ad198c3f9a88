"""What is said of a job that has run: read from the database by a fresh connection, never from an exit code."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from environments import fingerprint, version_table
from environments.errors import Unreachable
from environments.models import Database
from environments.version_table import Reading
from jobs import sessions
from jobs.models import Command, JobStatus, OutcomeState, Plan
from jobs.supervisor import Exit
from migrations_store.graph import Graph

LONG, PAUSE = 8.0, 0.5
LASTING = ("still_running", "database_missing")
ABSENT = "absent"  # the fingerprint of a SQLite file that is not there yet


@dataclass(frozen=True)
class Verdict:
    """`heads` is None when the database could not be read."""

    status: JobStatus
    database_state: OutcomeState
    heads: list[str] | None


def read_after(database: Database, session: str) -> Reading | Unreachable:
    """Reads the database once nothing of the job's session is left on the server.

    A line that breaks in this very moment would leave the outcome unknown until the next sweep: so it is tried twice, if the first
    time was not so long that nobody would believe any more that this worker lives.
    """
    started = time.monotonic()
    found = _read_once(database, session)
    if isinstance(found, Unreachable) and found.code not in LASTING and time.monotonic() - started < LONG:
        time.sleep(PAUSE)
        found = _read_once(database, session)
    return found


def _read_once(database: Database, session: str) -> Reading | Unreachable:
    try:
        sessions.end(database, session)
        return version_table.read(database)
    except Unreachable as error:
        return error


def heads_of(reading: Reading) -> list[str]:
    """The rows of the version table, in order; a table that is not there has none."""
    return sorted(reading.rows or [])


def outcome(plan: Plan, reading: Reading | Unreachable, *, fingerprint_before: str) -> tuple[OutcomeState, list[str] | None]:
    """Compares the database with where it was to go and where it came from; `unchanged` means version and schema."""
    if isinstance(reading, Unreachable):
        still_absent = fingerprint_before == ABSENT and reading.code == "database_missing"
        return (OutcomeState.UNCHANGED, []) if still_absent else (OutcomeState.UNKNOWN, None)
    heads = heads_of(reading)
    if heads == sorted(plan.to_heads) and (plan.command != Command.CHECK):
        return OutcomeState.AT_TARGET, heads
    before = fingerprint.EMPTY if fingerprint_before == ABSENT else fingerprint_before
    if heads == sorted(plan.from_heads) and before in ("", reading.fingerprint):  # "": the job never got as far
        return OutcomeState.UNCHANGED, heads
    return OutcomeState.PARTIAL, heads


def judge(plan: Plan, end: Exit, reading: Reading | Unreachable, *, fingerprint_before: str, canceled: bool, has_changes: bool) -> Verdict:
    """Success needs all three: exit 0, the runner's closing event, and a fresh reading of exactly the planned heads."""
    state, heads = outcome(plan, reading, fingerprint_before=fingerprint_before)
    clean = end.returncode == 0 and end.closed
    if plan.command == Command.CHECK:
        succeeded = clean and has_changes and state == OutcomeState.UNCHANGED
    else:
        succeeded = clean and state == OutcomeState.AT_TARGET
    if succeeded:
        return Verdict(JobStatus.SUCCEEDED, state, heads)
    if state == OutcomeState.UNKNOWN:
        return Verdict(JobStatus.UNKNOWN, state, heads)
    return Verdict(JobStatus.CANCELED if canceled else JobStatus.FAILED, state, heads)


def effective(plan: Plan, graph: Graph, heads: Iterable[str] | None) -> set[str] | None:
    """The revisions of the plan whose step has taken effect, judged by what the database has; None if that is not known."""
    if heads is None:
        return None
    applied = graph.ancestors(heads)
    up = {step["revision"] for step in plan.steps if step["direction"] == "upgrade" and step["revision"] in applied}
    down = {step["revision"] for step in plan.steps if step["direction"] == "downgrade" and step["revision"] not in applied}
    stamped = {step["revision"] for step in plan.steps if step["direction"] == "stamp"} if sorted(heads) == sorted(plan.to_heads) else set()
    return up | down | stamped
