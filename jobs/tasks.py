"""Celery's entrances: an id in, one call."""

from celery import shared_task

from jobs import chains, execution, health, liveness, previews, reaper, revision_sql
from jobs.drift import tally
from jobs.proposals import delivering, scratch
from jobs.proposals import work as proposals

liveness.connect()


@shared_task
def run_job(job_id: int) -> None:
    execution.execute(job_id)


@shared_task
def preview_plan(plan_id: int) -> None:
    previews.write_preview(plan_id)


@shared_task
def write_revision_sql(id: int) -> None:
    revision_sql.write(id)


@shared_task
def generate_proposal(proposal_id: int) -> None:
    proposals.generate(proposal_id)


@shared_task
def drop_scratch() -> None:
    scratch.sweep()


@shared_task
def push_proposal(push_id: int) -> None:
    delivering.deliver(push_id)


@shared_task
def advance_promotion(promotion_id: int) -> None:
    chains.advance(promotion_id)


@shared_task
def sweep() -> None:
    reaper.sweep()
    chains.sweep()
    proposals.sweep()
    delivering.sweep()
    previews.sweep()
    revision_sql.sweep()
    tally.sweep()
    health.beat(health.SWEEP)
