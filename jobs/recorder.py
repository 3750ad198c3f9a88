"""Writes down what a running job says and does: log lines in chunks, steps, heartbeat. Every write carries the fence.

A store that is away for a moment does not end a migration: what is to be written waits until it is back, or until a worker that
cannot say that it lives has to count as dead.
"""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.db import InterfaceError, InternalError, OperationalError, connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from jobs.models import Job, LogChunk, StepStatus

logger = logging.getLogger(__name__)
T = TypeVar("T")
HEARTBEAT_SECONDS = 5.0
AWAY_SECONDS, RETRY_SECONDS = 20.0, 0.5
AWAY = (OperationalError, InterfaceError, InternalError)  # the last is PostgreSQL's that takes no writes, as a standby before it takes over
FLUSH_SECONDS = 0.15
CHUNK_LINES = 500
POLL_SECONDS = 0.5


class Recorder:
    """One per execution. `lost` becomes true when another claim took the job: then nothing more is written."""

    def __init__(self, job: Job) -> None:
        self.job, self.fence = job, job.fence
        self.seq = job.line_count
        self.lost = self.cancel_asked = False
        self._waiting: list[list[Any]] = []
        self._batch: list[list[Any]] = []
        self._unwritten: list[Callable[[], Any]] = []
        self._away_since = self._retry_at = 0.0
        self._flushed_at = self._beat_at = self._polled_at = 0.0

    # --- the log

    def line(self, stream: str, text: str, at: datetime | None = None) -> None:
        """One line of the log; written within a fraction of a second."""
        self.seq += 1
        moment = (at or datetime.now(UTC)).astimezone(UTC).isoformat(timespec="milliseconds")
        self._waiting.append([self.seq, moment, stream, text])
        if len(self._waiting) >= CHUNK_LINES:
            self.flush()

    def say(self, text: str) -> None:
        """A line of our own."""
        self.line("dashboard", text)

    def flush(self) -> None:
        self._flushed_at = time.monotonic()
        if not (self._waiting or self._batch) or self.lost:
            return
        if not self._batch:
            self._batch, self._waiting = self._waiting, []
        if self._tried(self._write_batch):
            self._batch = []

    def flush_all(self) -> None:
        """Everything, or the error of the store that does not take it."""
        for write in self._unwritten:
            write()
        self._unwritten = []
        while (self._batch or self._waiting) and not self.lost:
            if not self._batch:
                self._batch, self._waiting = self._waiting, []
            self._write_batch()
            self._batch = []

    def _write_batch(self) -> None:
        """The same lines until they are there: an attempt whose answer was lost may have succeeded."""
        lines = self._batch
        with transaction.atomic():
            if self.write_now(line_count=lines[-1][0]):
                chunk = LogChunk(job=self.job, first_seq=lines[0][0], last_seq=lines[-1][0], lines=lines)
                LogChunk.objects.bulk_create([chunk], ignore_conflicts=True)

    # --- a store that is away

    def _tried(self, write: Callable[[], Any]) -> bool:
        """Whether it was written; false while the store is away. Raises when it has been away for too long."""
        if self._away_since and time.monotonic() < self._retry_at:
            return False
        try:
            write()
        except AWAY as error:
            self._is_away(error)
            return False
        self._away_since = 0.0
        return True

    def _is_away(self, error: Exception) -> None:
        connection.close()
        now = time.monotonic()
        if not self._away_since:
            logger.warning("the store does not take what job %s says (%s); it is tried again", self.job.pk, type(error).__name__)
            self._away_since = now
        if now - self._away_since > AWAY_SECONDS:
            raise error
        self._retry_at = now + RETRY_SECONDS

    def insist(self, work: Callable[[], T]) -> T:
        """Does what cannot wait until later, again and again while the store is away."""
        found: list[T] = []
        while not self._tried(lambda: found.append(work())):
            time.sleep(0.05)
        return found[0]

    def _in_time(self, write: Callable[[], Any]) -> None:
        """Now or, if the store is away, as soon as it is back; in order."""
        self._unwritten.append(write)
        while self._unwritten and self._tried(self._unwritten[0]):
            del self._unwritten[0]

    # --- the job's row

    def write(self, **values: Any) -> None:
        """Updates the job if this execution still owns it; later, if the store is away."""
        self._in_time(lambda: self.write_now(**values))

    def write_now(self, **values: Any) -> bool:
        """Whether this execution still owns the job, which has been updated then. Raises what the store raises."""
        owned = Job.objects.filter(pk=self.job.pk, fence=self.fence, status="running").update(**values)
        self.lost = self.lost or not owned
        return bool(owned)

    def tick(self) -> None:
        """Called a few times a second while the job runs."""
        now = time.monotonic()
        if self._waiting and now - self._flushed_at >= FLUSH_SECONDS:
            self.flush()
        if now - self._beat_at >= HEARTBEAT_SECONDS:
            self._beat_at = now
            self.write(heartbeat_at=Now())

    def should_stop(self) -> bool:
        """Whether someone asked to cancel, or another claim took over; asks the store at most twice a second."""
        now = time.monotonic()
        if not (self.lost or self.cancel_asked) and now - self._polled_at >= POLL_SECONDS:
            self._polled_at = now
            self._tried(self._poll)
        return self.lost or self.cancel_asked

    def _poll(self) -> None:
        row = Job.objects.filter(pk=self.job.pk).values_list("fence", "cancel_requested_at").first()
        self.lost = row is None or row[0] != self.fence
        self.cancel_asked = bool(row and row[1])

    # --- steps

    def step_started(self, position: int) -> None:
        at = datetime.now(UTC)
        self._in_time(lambda: self._write_step(position, status=StepStatus.RUNNING, started_at=at))

    def step_finished(self, position: int, duration_ms: float) -> None:
        self._in_time(lambda: self._write_step(position, status=StepStatus.SUCCEEDED, duration_ms=duration_ms))

    def _write_step(self, position: int, **values: Any) -> None:
        with transaction.atomic():
            if self.write_now(heartbeat_at=Now()):
                self.job.steps.filter(position=position).update(**values)

    def steps_ended(self, applied: set[str] | None, *, failed: bool) -> None:
        """Brings the steps into line with what the database says: `applied` holds the revisions that took effect, None if unknown.

        What was told of a step is only what somebody lived to tell: one that nobody heard of may have taken effect all the same.
        One that ran but was rolled back with a later one has not: it is skipped, and the one that broke has failed. That stays so when
        the database could not be read at first, and this is asked a second time.
        """
        steps = list(self.job.steps.all())
        done = [step for step in steps if (step.revision in applied if applied is not None else step.status == StepStatus.SUCCEEDED)]
        undone = [step for step in steps if step.status == StepStatus.SUCCEEDED and step not in done]
        broken = [step for step in steps if step.status in (StepStatus.RUNNING, StepStatus.FAILED) and step not in done]
        if failed and not broken and undone:
            broken = [undone[-1]]
        for step in steps:
            step.status = StepStatus.SUCCEEDED if step in done else StepStatus.FAILED if step in broken else StepStatus.SKIPPED
            if step in broken and step.started_at:
                step.duration_ms = step.duration_ms or (datetime.now(UTC) - step.started_at) / timedelta(milliseconds=1)
            step.save(update_fields=["status", "duration_ms"])


def stale(seconds: int) -> Q:
    """Running jobs whose worker has not been heard of for so long, by the store's clock."""
    return Q(status="running") & (
        Q(heartbeat_at__lt=Now() - timedelta(seconds=seconds)) | Q(heartbeat_at=None, started_at__lt=Now() - timedelta(seconds=seconds))
    )


def next_fence() -> dict[str, Any]:
    return {"fence": F("fence") + 1}
