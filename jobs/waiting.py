"""What a job waits for, truthfully: a lock in its database, another job, a person, a worker, or that which brings jobs to workers."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models.functions import Now
from django.utils import timezone

from jobs import health, schedule
from jobs.approvals import approvals_of
from jobs.models import Job, JobStatus
from jobs.watch import sentence

PATIENCE = timedelta(seconds=3)
SILENT = timedelta(seconds=15)
UNREAD = "The database cannot be read"  # as the reaper says it


@dataclass(frozen=True)
class Wait:
    """`kind` is lock, job, approval, release, schedule, window, freeze, worker, broker, scheduler, turn or database; `text` says it in a
    sentence, `next` what can be done."""

    kind: str
    title: str
    text: str
    since: datetime | str | None = None
    next: tuple[str, ...] = ()
    detail: dict[str, Any] = field(default_factory=dict)


def of(job: Job) -> Wait | None:
    """None for a job that works, or has ended."""
    if job.status == JobStatus.RUNNING:
        return _lock(job, job.blocked_by) if job.blocked_by else _silent(job)
    if job.status == JobStatus.UNKNOWN:
        return _unread(job)
    if job.status == JobStatus.AWAITING_APPROVAL:
        return _approval(job)
    return _queued(job) if job.status == JobStatus.QUEUED else None


def _lock(job: Job, blocked: dict[str, Any]) -> Wait:
    sessions = blocked["sessions"]
    if blocked["for_our_lock"]:
        title = "Waits for another migration of this database"
    elif not blocked["certain"]:
        title = "Waits for a lock"
    else:
        title = "Blocked by another session" if len(sessions) < 2 else f"Blocked by {len(sessions)} other sessions"
    return Wait("lock", title, sentence(blocked), blocked["since"], _unblocking(job, blocked), blocked)


def _unblocking(job: Job, blocked: dict[str, Any]) -> tuple[str, ...]:
    if blocked["for_our_lock"]:
        return ("Wait: it goes on by itself when the other migration has ended.", "Or cancel this job: it has changed nothing yet.")
    who = next((session["application"] for session in blocked["sessions"] if session["application"]), "") or "that session"
    return (
        f"Wait, or ask the owner of {who} to end its transaction; then this job goes on by itself.",
        "Cancel this job: it stops waiting, and those who wait behind it go on.",
    )


def _silent(job: Job) -> Wait | None:
    if not Job.objects.filter(pk=job.pk, status=JobStatus.RUNNING, heartbeat_at__lt=Now() - SILENT).exists():
        return None
    text = "It has said nothing for more than 15 seconds. After 30 the scheduler takes the job over and reads the database itself."
    return Wait("worker", "Its worker is silent", text, job.heartbeat_at, ("Wait: nothing is run a second time.",))


def _unread(job: Job) -> Wait:
    why = str((job.error or {}).get("why") or "The worker that ran it vanished.")
    unread = why[why.index(UNREAD) :] if UNREAD in why else ""
    if job.cancel_requested_at:
        why = f"{job.canceled_by} canceled it, and its process has ended. A statement of it may still run in the database. {unread}"
    steps = (
        "Wait: the database is asked again every few seconds, and no other job runs on it meanwhile.",
        "See that its server runs, and can be reached from here.",
        "Do not run these revisions by hand before it is known what has stayed.",
    )
    return Wait("database", "Waits until the database can be read", why.strip(), job.heartbeat_at, steps)


def _approval(job: Job) -> Wait:
    """From what was fetched with the job: the plan knows how many are needed, and who lost the role is told when its turn comes."""
    where, rules = job.database.environment.name, job.plan.facts.get("policy", {})
    needed, given = rules.get("approvals", 1), _standing(job)
    names = ", ".join(given)
    if job.held:
        text = f"{where} asks for approval: {job.held['detail']}. Nothing has run."
        return Wait("approval", "Waits for approval", text, job.created_at, ("Ask somebody who may approve, or cancel the job.",))
    if len(given) >= needed:
        steps = ("Let it run when it suits.", "Or cancel it.")
        text = f"It is approved by {names}, and was not to run by itself. Nothing has run."
        return Wait("release", "Approved, waits to be released", text, job.created_at, steps)
    count = f" {len(given)} of {needed} approvals so far{f' ({names})' if names else ''}." if needed > 1 or given else ""
    text = f"{where} is protected, so somebody other than {job.requested_by.display_name} has to approve.{count} Nothing has run."
    return Wait("approval", "Waits for approval", text, job.created_at, ("Ask somebody who may approve, or cancel the job.",))


def _standing(job: Job) -> list[str]:
    now = timezone.now()
    holding = [approval for approval in approvals_of(job) if approval.expires_at is None or approval.expires_at > now]
    return list(dict.fromkeys(approval.user.display_name for approval in holding if approval.plan_digest == job.plan.digest))


def _queued(job: Job) -> Wait:
    if job.not_before and job.not_before > timezone.now():
        until = job.not_before.astimezone(UTC)
        text = f"It runs on {until:%a %-d %b %Y at %H:%M} UTC, when its plan is looked at again. Nothing has run."
        steps = ("Wait, or cancel it before.",)
        return Wait("schedule", "Waits for its time", text, job.created_at, steps, {"until": until.isoformat()})
    if before := schedule.before(job.database_id, job):
        return _turn_after(job, before)
    return _held(job, job.held) if job.held else _doorbell(job)


def _held(job: Job, held: dict[str, Any]) -> Wait:
    """A gate was closed when its turn had come."""
    titles = {"window": "Waits for the run window", "freeze": "Waits for the end of a freeze", "findings": "Waits for its SQL"}
    steps = ("Wait: it is looked at again every minute, and keeps its place.", "Or cancel it.")
    text = f"{held['detail'].rstrip('.')}. Nothing has run."
    until = {"until": held["opens_at"]} if held.get("opens_at") else {}
    return Wait(held["gate"], titles.get(held["gate"], "Waits for a gate"), text, job.created_at, steps, until)


def _turn_after(job: Job, before: Job) -> Wait:
    id, place = before.pk, job.database
    states = {JobStatus.RUNNING: f"Job {id} runs on {place}", JobStatus.UNKNOWN: f"Job {id} has an unknown outcome on {place}"}
    state = states.get(JobStatus(before.status), f"Job {id} is before it for {place}")
    text = f"{state}; one database has one job at a time, first come, first served."
    steps = ("Wait: its turn comes by itself, and its plan is looked at again then.",)
    return Wait("job", f"Waits for job {before.pk}", text, job.created_at, steps, {"job": str(before.pk)})


def _doorbell(job: Job) -> Wait:
    found = health.read()
    safe = "Nothing has run, and the job is not lost: it is in the store."
    if found.broker != "ok":
        text = f"The broker, which tells workers of new jobs, does not answer ({found.broker.removeprefix('failing: ')}). {safe}"
        return Wait(
            "broker", "Waits for the broker", text, job.created_at, ("Start the broker again (REDIS_URL): the job then starts by itself.",)
        )
    if not found.workers:
        text = f"No worker that takes jobs has been seen within the last 20 seconds. {safe}"
        return Wait("worker", "Waits for a worker", text, job.created_at, ("Start a worker: the job then starts by itself.",))
    if found.scheduler != "ok" and timezone.now() - job.created_at > PATIENCE:
        text = f"{found.workers} workers are there, but the scheduler is silent ({found.scheduler.removeprefix('failing: ')}). {safe}"
        return Wait("scheduler", "Waits for the scheduler", text, job.created_at, ("Start the scheduler again: its sweep finds the job.",))
    return Wait(
        "turn",
        "Waits for a worker that is free",
        f"Workers are alive, and {found.running} jobs run now.",
        job.created_at,
        ("Wait: a worker takes it.",),
    )


def as_dict(wait: Wait | None) -> dict[str, Any] | None:
    """The API's `blocked_by`."""
    if wait is None:
        return None
    since = wait.since.isoformat() if isinstance(wait.since, datetime) else wait.since
    return {"kind": wait.kind, "title": wait.title, "text": wait.text, "since": since, "next": list(wait.next)} | wait.detail
