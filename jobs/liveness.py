"""A worker says every few seconds that it lives, sweeps when nobody else does, and when told to stop gives its jobs a limited time."""

import contextlib
import logging
import threading
from typing import Any

from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models.functions import Now

from jobs import health, isolation, reaper
from jobs.claims import worker_name
from jobs.models import Job, JobStatus, Worker

logger = logging.getLogger(__name__)
BEAT_SECONDS = 3.0
STAND_IN_SECONDS = 25
_stopped = threading.Event()


def connect() -> None:
    """Listens to Celery's worker signals; in other processes they never come."""
    worker_ready.connect(_begin, weak=False)
    worker_shutting_down.connect(_limit_jobs, weak=False)
    worker_shutdown.connect(_end, weak=False)


def _begin(sender: Any, **_: Any) -> None:
    queues = ",".join(sorted(sender.app.amqp.queues.consume_from))
    threading.Thread(target=_beat, args=(sender.hostname, queues), daemon=True, name="liveness").start()
    threading.Thread(target=_stand_in, daemon=True, name="stand-in").start()


def _beat(name: str, queues: str) -> None:
    while not _stopped.is_set():
        try:
            Worker.objects.update_or_create(pk=name, defaults={"queues": queues, "isolation": isolation.sentence(), "seen_at": Now()})
        except DatabaseError as error:
            logger.warning("the worker could not say that it lives (%s)", type(error).__name__)
            with contextlib.suppress(DatabaseError):
                connection.close()
        _stopped.wait(BEAT_SECONDS)
    connection.close()


def _stand_in() -> None:
    """The sweep of a scheduler that is not there, or whose messages nobody carries; of many workers one at a time."""
    while not _stopped.wait(BEAT_SECONDS):
        try:
            if health.is_silent(STAND_IN_SECONDS) and health.take_turn("stand-in", STAND_IN_SECONDS // 2):
                reaper.sweep()
        except DatabaseError as error:
            logger.warning("the worker could not sweep (%s)", type(error).__name__)
            with contextlib.suppress(DatabaseError):
                connection.close()
    connection.close()


def _limit_jobs(**_: Any) -> None:
    """A warm shutdown waits for running jobs; after the grace they are canceled as a person would."""
    timer = threading.Timer(settings.STOP_GRACE, cancel_jobs_here)
    timer.daemon = True
    timer.start()


def cancel_jobs_here() -> int:
    """Asks every job that this host runs to stop; answers how many there were."""
    running = Job.objects.filter(status=JobStatus.RUNNING, worker=worker_name(), cancel_requested_at=None)
    return running.update(cancel_requested_at=Now(), cancel_reason="The dashboard was stopped.", canceled_by="the dashboard, stopping")


def _end(sender: Any, **_: Any) -> None:
    _stopped.set()
    with contextlib.suppress(DatabaseError):
        Worker.objects.filter(pk=sender.hostname).delete()
