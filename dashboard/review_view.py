"""Jobs that wait for approval, as rows: what will run, and what of it deserves a look."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.retelling import told
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
    words = {
        Command.UPGRADE: ngettext("run %(count)d revision", "run %(count)d revisions", count),
        Command.DOWNGRADE: ngettext("undo %(count)d revision", "undo %(count)d revisions", count),
        Command.STAMP: _("stamp, without running anything"),
    }
    return words.get(Command(job.command), told(job.get_command_display()).lower()) % {"count": count}
