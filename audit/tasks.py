"""Celery's entrances: one call each."""

import contextlib
from typing import Any

from celery import shared_task
from celery.signals import worker_init, worker_shutdown
from django.db import DatabaseError

from audit import context, delivery, retention, verification


@shared_task
def sign() -> None:
    delivery.sign_and_deliver()


@shared_task
def verify(_asked: str = "") -> None:
    verification.keep(verification.verify())


@shared_task
def prune() -> None:
    retention.prune_by_age()


def _begin(**_: Any) -> None:
    context.this_process_is("worker")


def _end(**_: Any) -> None:
    """The chain's end is signed once more; a store that is away has the head signed at the next start."""
    with contextlib.suppress(DatabaseError):
        delivery.sign_and_deliver()


worker_init.connect(_begin, weak=False)
worker_shutdown.connect(_end, weak=False)
