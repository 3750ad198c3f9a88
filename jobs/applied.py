"""Where a revision is applied, since when and by which job; and which applied ones have another file by now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from environments.models import Database
from jobs.models import Job, JobStatus, OutcomeState, Step, StepStatus
from migrations_store.graph import Graph, RevisionNode


@dataclass(frozen=True)
class Applied:
    """What one database says of a revision. `step` is what brought it there, or runs now: None where no job of ours did (`outside`).

    `edited` is the checksum of the file that ran, where that is not today's.
    """

    database: Database
    here: bool
    step: Step | None
    outside: bool
    edited: str

    @property
    def job(self) -> Job | None:
        return self.step.job if self.step else None

    @property
    def is_running(self) -> bool:
        return self.step is not None and self.step.status == StepStatus.RUNNING

    @property
    def is_same(self) -> bool:
        """Whether the file that ran is today's; a stamp runs none."""
        return self.step is not None and self.step.direction == "upgrade" and bool(self.step.checksum) and not self.edited

    @property
    def seconds(self) -> float | None:
        return self.step.duration_ms / 1000 if self.step and self.step.duration_ms is not None and self.step.direction != "stamp" else None

    @property
    def at(self) -> datetime | None:
        """When the step had ended."""
        if self.step is None or self.is_running:
            return None
        took = timedelta(milliseconds=self.step.duration_ms or 0)
        return self.step.started_at + took if self.step.started_at else self.step.job.finished_at


@dataclass(frozen=True)
class Edited:
    """An applied revision whose file is not the one that ran."""

    revision: str
    message: str
    job: int
    then: str
    now: str


def of_revision(databases: list[Database], graph: Graph, node: RevisionNode) -> list[Applied]:
    """One for each database, in the same order. One query."""
    steps = Step.objects.filter(job__database__in=databases, revision=node.revision, status__in=[StepStatus.SUCCEEDED, StepStatus.RUNNING])
    steps = steps.exclude(job__database_state=OutcomeState.UNCHANGED)  # what a job has undone again
    last = {step.job.database_id: step for step in steps.select_related("job__requested_by").order_by("pk")}
    having = {tuple(database.current): database.current for database in databases}  # of a fleet most are alike
    found = {key: node.revision in graph.ancestors(current) for key, current in having.items()}
    return [_of(database, node, last.get(database.pk), here=found[tuple(database.current)]) for database in databases]


def _of(database: Database, node: RevisionNode, last: Step | None, *, here: bool) -> Applied:
    if last and last.status == StepStatus.RUNNING and last.job.status == JobStatus.RUNNING:
        return Applied(database, here, last, outside=False, edited="")
    explains = last if last and (last.direction != "downgrade") == here else None
    ran = explains if explains and explains.direction == "upgrade" else None
    edited = ran.checksum if ran and here and ran.checksum and node.sha256 and ran.checksum != node.sha256 else ""
    return Applied(database, here, explains if here else None, outside=here and explains is None, edited=edited)


def edited(database: Database, graph: Graph) -> list[Edited]:
    """In the order in which they run. One query; what ran before checksums were kept is not told."""
    ran: dict[str, Any] = {}
    done = Step.objects.filter(job__database=database, status=StepStatus.SUCCEEDED).exclude(job__database_state=OutcomeState.UNCHANGED)
    for revision, direction, checksum, job in done.order_by("pk").values_list("revision", "direction", "checksum", "job_id"):
        ran[revision] = (checksum, job) if direction == "upgrade" else None
    here = graph.ancestors(database.current)
    found = [(graph.revisions[id], ran[id]) for id in reversed(graph.order) if id in here and ran.get(id)]
    return [
        Edited(node.revision, node.message, job, checksum, node.sha256)
        for node, (checksum, job) in found
        if checksum and node.sha256 and checksum != node.sha256
    ]


def warnings(database: Database, graph: Graph, undone: Iterable[str]) -> list[str]:
    """For a plan on the database that undoes these revisions, if any."""
    found = edited(database, graph)
    goes_back = set(undone)
    told = [
        f"{one.revision} was edited after job {one.job} ran it here: what its downgrade undoes may not be what was done."
        for one in found
        if one.revision in goes_back
    ]
    if others := [one.revision for one in found if one.revision not in goes_back]:
        names = ", ".join(others[:5]) + (", …" if len(others) > 5 else "")
        what = "1 applied revision was" if len(others) == 1 else f"{len(others)} applied revisions were"
        told.append(f"{what} edited after it ran here ({names}): what this database has may not be what the file says now.")
    return told
