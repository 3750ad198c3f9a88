"""Celery's entrances: an id in, one call."""

from celery import shared_task

from jobs import execution, health, liveness, previews, reaper

liveness.connect()


@shared_task
def run_job(job_id: int) -> None:
    execution.execute(job_id)


@shared_task
def preview_plan(plan_id: int) -> None:
    previews.write_preview(plan_id)


@shared_task
def sweep() -> None:
    reaper.sweep()
    health.beat(health.SWEEP)
