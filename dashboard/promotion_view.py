"""Promotions as pages show them: stages with their states, and rows of plans before anything runs."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import User
from accounts.permissions import Action, may
from config.retelling import told
from dashboard import gate_view, job_view
from dashboard.gate_view import Gates
from jobs import confirmation, gates
from jobs.batches import Move, Row
from jobs.models import JobStatus, Plan, Promotion, Stage

LOOKS = {
    Promotion.Status.ACTIVE: ("run", "ring", gettext_noop("Under way")),
    Promotion.Status.SUCCEEDED: ("ok", "check", gettext_noop("Succeeded")),
    Promotion.Status.ENDED: ("warn", "slash", gettext_noop("Ended early")),
}


@dataclass(frozen=True)
class StageView:
    """`state` is done, now or next, as the phases of a job."""

    stage: Stage
    state: str
    tone: str
    icon: str
    word: str
    note: str


@dataclass(frozen=True)
class Line:
    """A promotion in a list."""

    promotion: Promotion
    tone: str
    icon: str
    word: str
    stages: list[StageView]
    why: str


@dataclass(frozen=True)
class Planned:
    """A row before anything runs: a plan with its gates, or why there is none."""

    move: Move
    plan: Plan | None
    gates: Gates
    why: str
    losses: int

    @property
    def ready(self) -> bool:
        return self.plan is not None and not self.why


def page(promotion: Promotion) -> dict[str, Any]:
    shown = line(promotion)
    return {"promotion": promotion, "line": shown, "stages": shown.stages, "poll": _poll(promotion)}


def line(promotion: Promotion) -> Line:
    stages = [_stage(promotion, stage) for stage in promotion.stages.all()]
    tone, icon, word = LOOKS[Promotion.Status(promotion.status)]
    word = _(word)
    now = next((stage for stage in stages if stage.state == "now"), None)
    if promotion.status == Promotion.Status.ACTIVE and now is not None:
        tone, icon, word = now.tone, now.icon, now.word
    why = next((told(stage.stage.note) for stage in stages if stage.stage.status == Stage.Status.ENDED), "")
    return Line(promotion, tone, icon, word, stages, why)


def planned(row: Row, user: User) -> Planned:
    """One whose gates are closed for good, or that needs a confirmation of its own, is not asked for with the others."""
    if row.plan is None:
        return Planned(row.move, None, Gates([], [], []), told(row.why), 0)
    found, lost = gate_view.sort(gates.of(row.plan)), len(confirmation.losses(row.plan))
    place = {"project": row.move.project, "environment": row.move.target}
    why = ""
    if not may(user, Action.RUN, **place):
        why = _("Your role may look at it; running it needs an operator.")
    elif found.fix:
        why = "; ".join(told(gate.detail) for gate in found.fix)
    elif confirmation.needs_name(row.plan):
        why = _("It loses data, so it is confirmed on its own page: open its plan.")
    return Planned(row.move, row.plan, found, why, lost)


def _stage(promotion: Promotion, stage: Stage) -> StageView:
    if stage.job is not None:
        tone, icon, word = job_view.look(stage.job)
        return StageView(stage, "done" if stage.job.is_final else "now", tone, icon, word, told(stage.note) or _job_note(stage))
    if stage.status == Stage.Status.SUCCEEDED:
        return StageView(stage, "done", "ok", "check", _("Nothing to do"), told(stage.note))
    if promotion.status == Promotion.Status.ACTIVE:
        return StageView(stage, "next", "idle", "dashring", _("Waits for the stage before"), told(stage.note))
    return StageView(stage, "next", "idle", "slash", _("Not begun"), told(stage.note))


def _job_note(stage: Stage) -> str:
    job = stage.job
    if job is None or job.status != JobStatus.AWAITING_APPROVAL:
        return job_view.database_sentence(job) if job is not None else ""
    return _("Waits for somebody else to approve it.")


def _poll(promotion: Promotion) -> int | None:
    """How often the page asks again."""
    if promotion.status != Promotion.Status.ACTIVE:
        return None
    running = any(stage.job is not None and stage.job.status == JobStatus.RUNNING for stage in promotion.stages.all())
    return 1 if running else 3
