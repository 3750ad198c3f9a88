"""The invariants I1 to I9, held against the store and the databases themselves. Every violation is a sentence with its kind."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from crash.lanes import Lane, Request
from crash.shapes import DONE, Shape
from crash.targets import Facts

KINDS = ("lost", "double_applied", "wrong_verdicts", "locks_left", "processes_left")


@dataclass(frozen=True)
class Violation:
    kind: str
    invariant: str
    text: str

    def __str__(self) -> str:
        return f"{self.invariant} {self.kind}: {self.text}"


@dataclass(frozen=True)
class Told:
    """All that the dashboard's store says of one job."""

    row: dict[str, Any]
    steps: list[dict[str, Any]]
    actions: list[str]
    chunks: list[tuple[int, int, int]]
    planned: list[str]
    start: list[str]
    goal: list[str]
    current: list[str]
    state: str


def job(request: Request, told: Told, facts: Facts, lane: Lane, *, alone: bool) -> list[Violation]:
    """One job that has ended; `alone` if no other job of its database ended after it."""
    label = f"job {request.id} ({request.command}, {lane.name})"
    found = [*_record(label, told), *_log(label, told)]
    if alone:
        found += [*_verdict(label, told, facts, lane.shape), *_steps(label, told, lane.shape)]
    return found


def _record(label: str, told: Told) -> list[Violation]:
    """I6, I7: asked for once, begun at most once, ended once."""
    count = Counter(told.actions)
    found = []
    if count["job.start"] > 1:
        found.append(Violation("double_applied", "I6", f"{label} was begun {count['job.start']} times"))
    ends = count["job.finish"] or count["job.cancel"]  # canceled while it waited: nobody finishes it
    if count["job.request"] != 1 or count["job.finish"] > 1 or ends < 1:
        found.append(Violation("wrong_verdicts", "I7", f"{label} has in its record {dict(count)}"))
    return found


def _log(label: str, told: Told) -> list[Violation]:
    """I8: lines without a gap, and as many as the job says."""
    expected = 1
    for first, last, lines in told.chunks:
        if first != expected or last - first + 1 != lines:
            return [Violation("wrong_verdicts", "I8", f"{label}: its log has a gap at line {expected}")]
        expected = last + 1
    if told.row["line_count"] != expected - 1:
        return [Violation("wrong_verdicts", "I8", f"{label}: {told.row['line_count']} lines told, {expected - 1} there")]
    return []


def _verdict(label: str, told: Told, facts: Facts, shape: Shape) -> list[Violation]:
    """I3, I4: what is said of the database is what the database says."""
    row, wrong = told.row, []
    where = facts.version or ["base"]
    if row["status"] == "succeeded":
        if not shape.honest:
            wrong.append("I3 a lying env.py counts as a success")
        if not facts.version == sorted(told.goal) == sorted(row["heads_after"] or []) or row["database_state"] != "at_target":
            wrong.append(
                f"I3 it succeeded with {row['database_state']} {row['heads_after']}, planned {told.goal}; the database is at {where}"
            )
    if row["heads_after"] is not None and sorted(row["heads_after"]) != facts.version:
        wrong.append(f"I4 it says {row['heads_after']}, the database is at {where}")
    wrong += [f"I4 {text}" for text in _state(row, told, facts, shape)]
    if told.state not in ("unreachable", "unchecked") and sorted(told.current) != facts.version:
        wrong.append(f"I4 the database's page says {told.current}, it is at {where}")
    return [Violation("wrong_verdicts", text[:2], f"{label}: {text[3:]}") for text in wrong]


def _state(row: dict[str, Any], told: Told, facts: Facts, shape: Shape) -> Iterable[str]:
    state = row["database_state"]
    if state == "at_target" and facts.version != sorted(told.goal):
        yield f"at target, but at {facts.version}"
    if state == "partial" and facts.version == sorted(told.goal):
        yield "partial, but at the target"
    if state == "unchanged":
        there = shape.tables(len(shape.revisions)) if told.start else []
        if facts.version != sorted(told.start) or sorted(facts.tables) != there:
            yield f"unchanged, but at {facts.version} with {facts.tables}"
    if shape.atomic and row["heads_after"] is not None:
        count = shape.revisions.index(facts.version[0]) + 1 if facts.version else 0
        if shape.tables(count) != facts.tables:
            yield f"at {facts.version} with the tables {facts.tables}"


def _steps(label: str, told: Told, shape: Shape) -> list[Violation]:
    """I4 for each step: done exactly if the database has it."""
    if told.row["heads_after"] is None or not told.steps:
        return []
    heads = told.row["heads_after"]
    applied = set(shape.revisions[: shape.revisions.index(heads[0]) + 1]) if heads else set()
    found = []
    for step in told.steps:
        done = (step["revision"] in applied) == (step["direction"] == "upgrade")
        if done != (step["status"] == "succeeded"):
            found.append(
                Violation("wrong_verdicts", "I4", f"{label}: step {step['revision']} is {step['status']}, the database at {heads}")
            )
    return found


def effects(lane: Lane, facts: Facts) -> list[Violation]:
    """I2, I9: nothing twice, and nothing that was not planned. A database is emptied before each round, so that one is all there may be."""
    found = []
    for revision, count in Counter(revision for revision, _ in facts.effects).items():
        if count > 1 and not lane.shape.twins:
            who = [pid for name, pid in facts.effects if name == revision]
            found.append(Violation("double_applied", "I2", f"{lane.name}: {revision} was applied {count} times, by processes {who}"))
        if revision.removesuffix(DONE) not in lane.shape.revisions:
            found.append(Violation("double_applied", "I9", f"{lane.name}: {revision} was not planned"))
    return found + (_together(lane, facts) if lane.shape.twins else [])


def _together(lane: Lane, facts: Facts) -> list[Violation]:
    """I2, I6 for a database registered twice: a second run may come after the first was killed, but never while it goes on."""
    begun: list[tuple[str, str]] = []
    for revision, pid in facts.effects:
        name = revision.removesuffix(DONE)
        if name == revision:
            begun.append((name, pid))
        elif begun[-1:] != [(name, pid)]:
            return [Violation("double_applied", "I2", f"{lane.name}: two processes were at {name} at once: {facts.effects}")]
    if len(set(begun)) < len(begun):
        return [Violation("double_applied", "I2", f"{lane.name}: one process began twice: {facts.effects}")]
    return []


def overdue(requests: Iterable[Request]) -> list[Violation]:
    """I1: every accepted job comes to an end."""
    return [
        Violation("lost", "I1", f"job {request.id or 'without an answer'} on {request.profile} is {request.row.get('status', 'not there')}")
        for request in requests
    ]


def remains(locks: Iterable[str], processes: Iterable[str]) -> list[Violation]:
    """I5."""
    return [Violation("locks_left", "I5", text) for text in locks] + [Violation("processes_left", "I5", text) for text in processes]
