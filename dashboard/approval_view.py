"""A job's approvals as its page shows them: who has said what, what is missing, and what the reader may do about it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Role, User
from accounts.permissions import Action
from config.retelling import told
from dashboard import gate_view
from dashboard.gate_view import Gates
from environments import policies
from environments.permissions import may_on
from environments.policies import Rules
from jobs import approvals, confirmation, gates
from jobs.confirmation import Loss
from jobs.models import WAITING, Approval, Decision, Job, JobStatus


@dataclass(frozen=True)
class Voice:
    """One decision, and why it does not count, if it does not."""

    approval: Approval
    tone: str
    icon: str
    word: str
    void: str = ""


@dataclass(frozen=True)
class Card:
    """`why_not` says why the reader cannot decide; `released` that only somebody's word to run is missing."""

    needed: int
    role: str
    voices: list[Voice]
    counted: int
    gates: Gates
    may_decide: bool
    may_withdraw: bool
    may_release: bool
    why_not: str
    losses: list[Loss]
    expires_at: datetime | None

    @property
    def is_open(self) -> bool:
        return self.may_decide or self.may_withdraw or self.may_release


def card(job: Job, user: User) -> Card | None:
    """None for a job that neither waits for anybody nor was ever decided on."""
    waits = job.status == JobStatus.AWAITING_APPROVAL
    voices = list(job.approvals.select_related("user"))
    if not waits and not voices:
        return None
    rules = policies.rules_for(job.database)
    count = approvals.tally(job, rules, timezone.now())
    void = {approval.pk: why for approval, why in count.void} if job.status in WAITING else {}
    mine = any(approval.user_id == user.pk for approval in count.counted)
    allowed = approvals.may_decide(job, user, rules)
    return Card(
        needed=count.needed,
        role=told(Role(rules.approver_role).label),
        voices=[_voice(approval, void.get(approval.pk, "")) for approval in voices],
        counted=len(count.counted),
        gates=gate_view.sort(gates.of(job.plan, job=job)) if waits else Gates([], [], []),
        may_decide=waits and allowed and not mine and not count.enough,
        may_withdraw=job.status in WAITING and mine,
        may_release=waits and count.enough and may_on(user, Action.RUN, job.database),
        why_not=_why_not(job, user, rules) if waits and not allowed and not count.enough else "",
        losses=confirmation.losses(job.plan),
        expires_at=min((one.expires_at for one in count.counted if one.expires_at), default=None),
    )


def _voice(approval: Approval, void: str) -> Voice:
    if approval.withdrawn_at:
        return Voice(approval, "idle", "undo", _("Taken back"))
    if approval.decision == Decision.REJECT:
        return Voice(approval, "idle", "return", _("Rejected"))
    return Voice(approval, "warn", "checkdash", _("Does not count"), told(void)) if void else Voice(approval, "ok", "check", _("Approved"))


def _why_not(job: Job, user: User, rules: Rules) -> str:
    if job.requested_by_id == user.pk:
        return _("You asked for this job, so somebody else has to approve it.")
    names = {"environment": job.database.environment.name, "role": told(Role(rules.approver_role).label)}
    return _("The policy of %(environment)s asks for a %(role)s, which you are not there.") % names
