"""Writes down what a running job says and does: log lines in chunks, steps, heartbeat. Every write carries the fence."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import F, Q
from django.db.models.functions import Now

from jobs.models import Job, LogChunk, StepStatus

HEARTBEAT_SECONDS = 5.0
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
        if not self._waiting or self.lost:
            return
        lines, self._waiting = self._waiting, []
        if self.write(line_count=lines[-1][0]):
            LogChunk.objects.create(job=self.job, first_seq=lines[0][0], last_seq=lines[-1][0], lines=lines)

    # --- the job's row

    def write(self, **values: Any) -> bool:
        """Updates the job if this execution still owns it."""
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
            row = Job.objects.filter(pk=self.job.pk).values_list("fence", "cancel_requested_at").first()
            self.lost = row is None or row[0] != self.fence
            self.cancel_asked = bool(row and row[1])
        return self.lost or self.cancel_asked

    # --- steps

    def step_started(self, position: int) -> None:
        self.job.steps.filter(position=position).update(status=StepStatus.RUNNING, started_at=datetime.now(UTC))

    def step_finished(self, position: int, duration_ms: float) -> None:
        self.job.steps.filter(position=position).update(status=StepStatus.SUCCEEDED, duration_ms=duration_ms)

    def steps_ended(self, applied: set[str] | None, *, failed: bool) -> None:
        """Brings the steps into line with what the database says: `applied` holds the revisions that took effect, None if unknown.

        What was told of a step is only what somebody lived to tell: one that nobody heard of may have taken effect all the same.
        One that ran but was rolled back with a later one has not: it is skipped, and the one that broke has failed.
        """
        steps = list(self.job.steps.all())
        done = [step for step in steps if (step.revision in applied if applied is not None else step.status == StepStatus.SUCCEEDED)]
        undone = [step for step in steps if step.status == StepStatus.SUCCEEDED and step not in done]
        broken = [step for step in steps if step.status == StepStatus.RUNNING and step not in done]
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
