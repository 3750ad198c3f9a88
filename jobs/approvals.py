"""Which decisions on a job count. They are looked at anew each time: what counted yesterday need not count today."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import Role, User
from accounts.permissions import Action, holds, may
from environments.policies import Rules
from jobs.models import Approval, Decision, Job


@dataclass(frozen=True)
class Tally:
    """`counted` are those that hold, one for each person; `void` those that do not, with why in a few words."""

    needed: int
    asked_at: datetime
    at: datetime
    counted: list[Approval] = field(default_factory=list)
    void: list[tuple[Approval, str]] = field(default_factory=list)

    @property
    def enough(self) -> bool:
        return len(self.counted) >= self.needed

    @property
    def sentence(self) -> str:
        """Such as: 0 of 1, asked 12 min ago; that of eva does not count: it has expired."""
        names = ", ".join(approval.user.display_name for approval in self.counted)
        text = f"{len(self.counted)} of {self.needed}" + (f" ({names})" if names else "")
        if not self.enough:
            text += f", asked {_ago(self.at - self.asked_at)}"
        return text + "".join(f"; that of {approval.user.display_name} does not count: {why}" for approval, why in self.void)


def tally(job: Job, rules: Rules, at: datetime) -> Tally:
    """The approvals of the job at a moment, under these rules."""
    found = Tally(rules.approvals, job.created_at, at)
    seen: set[int] = set()
    for approval in approvals_of(job):
        why = "".join(list(_void(approval, job, rules, at))[:1])
        if why:
            found.void.append((approval, why))
        elif approval.user_id not in seen:
            seen.add(approval.user_id)
            found.counted.append(approval)
    return found


def approvals_of(job: Job) -> list[Approval]:
    """Those that nobody has taken back, the oldest first; from what was fetched with the job, if it was."""
    return [found for found in job.approvals.all() if found.decision == Decision.APPROVE and found.withdrawn_at is None]


def may_decide(job: Job, user: User, rules: Rules) -> bool:
    """Whether this person's word counts on it: never on their own request, and only with the policy's role."""
    return job.requested_by_id != user.pk and has_role(job, user, rules)


def has_role(job: Job, user: User, rules: Rules) -> bool:
    place = {"project": job.database.project, "environment": job.database.environment}
    return may(user, Action.REVIEW, **place) and holds(user, rules.approver_role, **place)


def needed(rules: Rules) -> str:
    """Such as: 2 approvals by a Reviewer."""
    return f"{rules.approvals} approval{'' if rules.approvals == 1 else 's'} by a {Role(rules.approver_role).label}"


def _void(approval: Approval, job: Job, rules: Rules, at: datetime) -> Iterator[str]:
    """Why it does not count."""
    if not approval.user.is_active:
        yield "the account is no longer active"
    if approval.user_id == job.requested_by_id:
        yield "nobody approves their own request"
    if not has_role(job, approval.user, rules):
        yield f"no longer a {Role(rules.approver_role).label} here"
    if approval.plan_digest != job.plan.digest:
        yield "it was given for another plan"
    if approval.expires_at is not None and approval.expires_at <= at:
        yield "it has expired"


def _ago(age: timedelta) -> str:
    minutes = max(0, age // timedelta(minutes=1))
    if minutes < 120:
        return f"{minutes} min ago" if minutes else "just now"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} days ago"
