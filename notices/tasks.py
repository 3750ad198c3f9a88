"""Celery's entrance."""

from celery import shared_task

from notices import delivery


@shared_task
def deliver(first: int = 0) -> None:
    """Everything that is due; `first` is only what rang."""
    delivery.deliver()
