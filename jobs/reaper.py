"""Jobs whose worker vanished: the database is asked what is true, and nothing is ever run again by a machine."""

import fcntl
import logging
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from audit.services import record
from config.doorbell import ring
from environments import services as environment_services
from environments.errors import Unreachable
from environments.version_table import Reading
from environments.watcher import Seen
from jobs import aftermath, facts, restored, schedule, spec, telling, verdict
from jobs.explanations import NOW
from jobs.models import Job, JobStatus, OutcomeState
from jobs.recorder import Recorder, next_fence, stale
from migrations_store import graph as graphs

logger = logging.getLogger(__name__)
STALE_SECONDS = 30
AT_ONCE = 16
RELATED = ("database__project", "database__environment", "plan__snapshot", "requested_by")
ELSEWHERE = "Another database answers now than the one that this job was planned for, so what it left there is not known."
GONE = "If it has another name now, put that into its settings: it is then read there. If it was dropped for good, delete it here."
VANISHED = "The worker that ran this job has vanished: it was killed, or its machine stopped."


def sweep() -> None:
    """Rings for jobs that wait too long, takes over those whose worker is silent, and settles what is unknown.

    Does nothing while another sweep of this machine is at it.
    """
    lock = Path(settings.DATA_DIR) / "sweep.lock"
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        restored.look()
        for job_id in schedule.first_in_line():
            ring("jobs.tasks.run_job", job_id)
        for job_id in Job.objects.filter(stale(STALE_SECONDS)).values_list("pk", flat=True):
            mark_lost(job_id, VANISHED)
        settle_all(list(Job.objects.filter(status=JobStatus.UNKNOWN).select_related(*RELATED)))


def settle_all(jobs: list[Job]) -> None:
    """The databases are asked side by side, so that one that does not answer holds up no other; what they say is written here."""
    with ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="reaper") as pool:
        waiting = {pool.submit(read, job): job for job in jobs}
        for future in as_completed(waiting):
            job = waiting[future]
            try:
                settle(job, future.result(), because(job))
            except Exception:  # the boundary of one job: what breaks there must not leave the others without a judge
                logger.exception("job %s could not be settled", job.pk)


def because(job: Job) -> str:
    """Why it has become unknown; kept apart from what is said of its database each time that is asked again."""
    error = job.error or {}
    return str(error.get("because") or error.get("why") or VANISHED).removesuffix(NOW[OutcomeState.UNKNOWN.value]).strip()


def take_over(job_id: int, why: str) -> None:
    """Claims the job away from its worker, whose later writes then fail, and settles it if its database answers."""
    if mark_lost(job_id, why):
        job = Job.objects.select_related(*RELATED).get(pk=job_id)
        settle(job, read(job), why)


def mark_lost(job_id: int, why: str) -> bool:
    """Whether it was running: then it is unknown now, and its worker's fence is an old one."""
    with transaction.atomic():
        taken = Job.objects.filter(pk=job_id, status=JobStatus.RUNNING).update(status=JobStatus.UNKNOWN, **next_fence())
        if taken:
            record("scheduler", "job.worker_lost", f"job {job_id}", why=why)
    return bool(taken)


def read(job: Job) -> Reading | Unreachable:
    return verdict.read_after(job.database, spec.application_name(job.pk))


def settle(job: Job, reading: Reading | Unreachable, why: str) -> None:
    """Gives an unknown job its true end, or leaves it unknown while the database does not answer.

    What another database says, to which the profile was pointed since or which was made anew under its name, is nothing about this job.
    """
    state, heads = verdict.outcome(job.plan, reading, fingerprint_before=job.fingerprint_before)
    if isinstance(reading, Unreachable):
        steps = ["Wait: it is asked again every few seconds.", *([GONE] if reading.code == "database_missing" else [])]
        error = _error(why, f"The database cannot be read either: {reading}", steps, job.error)
        Job.objects.filter(pk=job.pk, status=JobStatus.UNKNOWN, fence=job.fence).update(error=error, database_state=OutcomeState.UNKNOWN)
        return
    if is_another(job, reading):
        _finish(job, OutcomeState.UNKNOWN, None, why, [])
        return
    environment_services.apply_reading(job.database, reading, Seen.AFTER_JOB)
    unfinished = aftermath.left_invalid(None, reading) if state != OutcomeState.UNCHANGED else []
    _finish(job, state, heads or [], why, unfinished)


def is_another(job: Job, reading: Reading) -> bool:
    """Whether it is not the database of the plan. One that was renamed is; what either side does not tell is not compared."""
    planned = facts.planned(job.plan).identity
    if reading.identity["dialect"] == "postgresql":
        planned = {name: planned.get(name) for name in ("system_identifier", "database_oid")}
    return any(value is not None and reading.identity.get(name) not in (value, None) for name, value in planned.items())


def _finish(job: Job, state: OutcomeState, heads: list[str] | None, why: str, unfinished: list[str]) -> None:
    """`heads` are None where nothing is known of its database, and never will be."""
    canceled = job.cancel_requested_at is not None and state not in (OutcomeState.AT_TARGET, OutcomeState.UNKNOWN)
    status = JobStatus.CANCELED if canceled else JobStatus.FAILED
    error = aftermath.with_invalid(None if canceled else _lost(why, state, heads, job.error), unfinished)
    graph = graphs.load(job.plan.snapshot) if job.plan.snapshot else None
    with transaction.atomic():
        owned = Job.objects.filter(pk=job.pk, status=JobStatus.UNKNOWN, fence=job.fence)
        if not owned.update(status=status, database_state=state, heads_after=heads, error=error, finished_at=Now()):
            return
        if graph is not None:
            Recorder(job).steps_ended(verdict.effective(job.plan, graph, heads), failed=True)
        record(
            "scheduler", "job.finish", f"job {job.pk}", database=str(job.database), status=status.value, database_state=state.value,
            heads_after=heads,
        )  # fmt: skip
        telling.ended(job, status, state)


def _lost(why: str, state: OutcomeState, heads: list[str] | None, told: dict[str, Any] | None) -> dict[str, Any]:
    """The error of a job whose database has answered; `told` as in `_error`."""
    words = {
        OutcomeState.AT_TARGET: "The database is at the target all the same.",
        OutcomeState.UNCHANGED: "Version and schema are as they were before.",
        OutcomeState.PARTIAL: f"The database stands between start and target, at {', '.join(heads or []) or 'base'}.",
        OutcomeState.UNKNOWN: ELSEWHERE,
    }
    return _error(why, words.get(state, ""), ["Look at the steps and the log.", "Make a new plan from where the database is now."], told)


def _error(why: str, state_sentence: str, steps: list[str], told: dict[str, Any] | None = None) -> dict[str, Any]:
    """`told` is what the job's own worker has found to be wrong, which stays; only a worker that said nothing was lost."""
    lost = {"code": "worker_lost", "title": "The worker was lost"}
    return lost | (told or {}) | {"why": f"{why} {state_sentence}".strip(), "next": steps, "because": why}
