"""Five broken variants of the product. A harness that does not see each of them within 50 faults proves nothing."""

from collections.abc import Callable
from typing import Any


def lock() -> None:
    """Nothing here: the runner takes no lock (crash/runner.py)."""


def fence() -> None:
    """A worker writes to its job whatever has become of it meanwhile."""
    from jobs import claims, reaper, recorder
    from jobs.models import Job

    def write_now(self: recorder.Recorder, **values: Any) -> bool:
        return bool(Job.objects.filter(pk=self.job.pk).update(**values))

    for module in (claims, reaper, recorder):
        module.next_fence = dict
    recorder.Recorder.write_now = write_now
    recorder.Recorder.should_stop = lambda self: False


def sweeper() -> None:
    """Nobody comes back to what was lost."""
    from jobs import reaper

    reaper.sweep = lambda: None


def verify() -> None:
    """Exit status 0 is believed."""
    from jobs import execution, verdict
    from jobs.models import JobStatus, OutcomeState

    judge = verdict.judge

    def trusting(plan: Any, end: Any, *arguments: Any, **named: Any) -> verdict.Verdict:
        if end.returncode == 0:
            return verdict.Verdict(JobStatus.SUCCEEDED, OutcomeState.AT_TARGET, sorted(plan.to_heads))
        return judge(plan, end, *arguments, **named)

    execution.verdict.judge = trusting


def claim() -> None:
    """Every ring runs the job, whoever runs it already."""
    from django.db.models.functions import Now

    from jobs import claims, execution
    from jobs.models import Job, JobStatus

    def take(job_id: int) -> Job | None:
        job = Job.objects.select_related(*RELATED).filter(pk=job_id).first()
        if job is None or job.status not in (JobStatus.QUEUED, JobStatus.RUNNING):
            return None
        marks = {"status": JobStatus.RUNNING, "started_at": Now(), "heartbeat_at": Now(), "worker": claims.worker_name()}
        try:
            Job.objects.filter(pk=job_id).update(**marks)
        except claims.IntegrityError:
            return None
        claims.record("worker", "job.start", f"job {job_id}")
        job.refresh_from_db(fields=["status"])
        return job

    execution.claim = take


RELATED = ("database__project", "database__environment", "plan__snapshot", "plan__database__project")
BREAKS: dict[str, Callable[[], None]] = {"lock": lock, "fence": fence, "sweeper": sweeper, "verify": verify, "claim": claim}


def install(name: str) -> None:
    if name:
        BREAKS[name]()
