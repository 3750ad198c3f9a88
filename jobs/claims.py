"""A worker takes a job: by compare-and-set, when it is its turn and every gate is open. Never twice, whoever rings."""

import os
import socket
from datetime import UTC
from typing import Any

from django.db import IntegrityError, InterfaceError, OperationalError, connection, transaction
from django.db.models.functions import Now

from audit.services import record
from jobs import facts, gates, schedule
from jobs.gates import Gate
from jobs.models import Job, JobStatus
from jobs.recorder import next_fence

RELATED = ("database__project", "database__environment", "plan__snapshot", "plan__database__project", "plan__database__environment")


def worker_name() -> str:
    """The host's name: jobs of a host that stops are canceled by it."""
    return socket.gethostname()


def claim(job_id: int) -> Job | None:
    """Takes a queued job, if no other runs on its database, none is before it, and no gate is closed; else it waits on."""
    job = Job.objects.filter(pk=job_id, status=JobStatus.QUEUED).first()
    if job is None or schedule.before(job.database_id, job) or not schedule.is_due(job):
        return None
    try:
        taken = _take(job_id)
    except IntegrityError:  # another job of this database was claimed in the same moment; the constraint holds
        return None
    except (InterfaceError, OperationalError):  # the answer to COMMIT may have been lost: the row tells whose it is
        connection.close()
        mine = Job.objects.filter(pk=job_id, status=JobStatus.RUNNING, worker=worker_name(), pid=os.getpid(), fence=job.fence + 1)
        if not mine.exists():
            raise
        taken = True
    if not taken:
        schedule.ring_next(job.database_id)  # one that was sent back holds up nobody
        return None
    return Job.objects.select_related(*RELATED).get(pk=job_id)


@transaction.atomic
def _take(job_id: int) -> bool:
    """Under the row's lock, so that a decision that is made meanwhile comes before or after, and never in between."""
    queued = Job.objects.select_for_update(of=("self",)).select_related(*RELATED, "requested_by")
    job = queued.filter(pk=job_id, status=JobStatus.QUEUED).first()
    if job is None:
        return False
    shut = gates.closed(gates.of(job.plan, job=job), "wait", besides=(gates.OTHER_JOB,))
    if shut and facts.policy_holds(job.plan):  # under another policy it is no use to wait: it is claimed, and refused with why
        _send_back(job, shut[0])
        return False
    marks: dict[str, Any] = {"started_at": Now(), "heartbeat_at": Now(), "worker": worker_name(), "pid": os.getpid()}
    marks |= {"held": None, "held_until": None}
    Job.objects.filter(pk=job_id, status=JobStatus.QUEUED).update(status=JobStatus.RUNNING, **marks, **next_fence())
    record("worker", "job.start", f"job {job_id}", worker=worker_name())
    return True


def _send_back(job: Job, gate: Gate) -> None:
    """It waits on in its place: for a person where an approval no longer counts, else until the gate is looked at again."""
    held = {"gate": gate.name, "detail": gate.detail, "opens_at": gate.opens_at.astimezone(UTC).isoformat() if gate.opens_at else None}
    marks: dict[str, Any] = {"held": held, "held_until": schedule.asked_again(gate.opens_at)}
    if gate.name == gates.APPROVAL:
        marks |= {"status": JobStatus.AWAITING_APPROVAL, "held_until": None}
    Job.objects.filter(pk=job.pk).update(**marks)
    if (job.held or {}).get("gate") != gate.name:
        record("worker", "job.hold", f"job {job.pk}", database=str(job.database), **held)
