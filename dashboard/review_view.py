"""Jobs that wait for approval, as rows: what will run, and what of it deserves a look."""

from dataclasses import dataclass

from jobs import confirmation
from jobs.models import Command, Job


@dataclass(frozen=True)
class Item:
    """`losses` counts what is destroyed; `partly` says that a failure half-way would leave a part."""

    job: Job
    what: str
    losses: int
    partly: bool


def items(jobs: list[Job]) -> list[Item]:
    return [Item(job, _what(job), len(confirmation.losses(job.plan)), bool(job.plan.not_atomic_because)) for job in jobs]


def _what(job: Job) -> str:
    count = len(job.plan.steps)
    revisions = f"{count} revision{'' if count == 1 else 's'}"
    words = {Command.UPGRADE: f"run {revisions}", Command.DOWNGRADE: f"undo {revisions}", Command.STAMP: "stamp, without running anything"}
    return words.get(Command(job.command), job.get_command_display().lower())
