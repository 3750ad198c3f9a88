"""Policies and their changes as templates show them."""

from dataclasses import dataclass
from typing import Any

from accounts.models import Role, User
from accounts.permissions import Action, may
from dashboard.forms.policy import PolicyForm
from environments.models import ChangeKind, ChangeStatus, Environment, PolicyChange
from environments.wording import rule_in_words, window_in_words

TONES = {
    ChangeStatus.WAITING: ("idle", "diamond"), ChangeStatus.APPLIED: ("ok", "check"), ChangeStatus.APPROVED: ("ok", "check"),
    ChangeStatus.REJECTED: ("idle", "return"), ChangeStatus.WITHDRAWN: ("idle", "slash"), ChangeStatus.SUPERSEDED: ("warn", "checkdash"),
}  # fmt: skip
LABELS = {
    "protected": "Protected", "position": "Position", "environment": "Environment", "windows": "Windows", "break_glass": "Break-glass",
    "forbid_downgrade": "Downgrades forbidden", "forbid_stamp": "Stamps forbidden", "forbid_non_atomic": "Non-atomic steps forbidden",
    "forbid_data_loss": "Data loss forbidden", "require_previous": "Environment before required",
    "require_single_head": "Single head required",
    "approver_role": "Approved by", "time_zone": "Time zone", "approval_hours": "An approval holds, hours",
    "backup_timeout": "Backup timeout, seconds", "severities": "Severities of findings",
}  # fmt: skip


@dataclass(frozen=True)
class ChangeView:
    """A change with what the reader may do about it."""

    change: PolicyChange
    title: str
    tone: str
    icon: str
    rows: list[tuple[str, str, str]]
    may_decide: bool
    is_own: bool


def shown(change: PolicyChange, user: User) -> ChangeView:
    tone, icon = TONES[ChangeStatus(change.status)]
    is_own = change.proposed_by_id == user.pk
    allowed = may(user, Action.POLICY, project=change.project, environment=change.environment)
    return ChangeView(change, _title(change), tone, icon, _rows(change), change.is_waiting and allowed and not is_own, is_own)


def _title(change: PolicyChange) -> str:
    name = change.environment.name
    if change.kind == ChangeKind.MOVE:
        return f"Move {change.database} out of {name}"
    if change.kind == ChangeKind.ENVIRONMENT:
        return f"Take the protection off {name}" if change.after.get("protected") is False else f"Change {name}"
    what = f"the exception of {change.project.name} in {name}" if change.project else f"the policy of {name}"
    if change.kind == ChangeKind.DELETION:
        return f"Delete {what}"
    return f"Change {what}" if change.before else f"Make {what}"


def _rows(change: PolicyChange) -> list[tuple[str, str, str]]:
    """Label, before, after; of a new or deleted policy all its values."""
    names = list(dict.fromkeys([*change.before, *change.after]))
    return [(label_of(name), _cell(change.before, name), _cell(change.after, name)) for name in names]


def label_of(name: str) -> str:
    field = PolicyForm.base_fields.get(name)
    return LABELS.get(name) or str((field.label if field else None) or name.replace("_", " ").capitalize())


def _cell(values: dict[str, Any], name: str) -> str:
    return in_words(name, values[name]) if name in values else "–"


def in_words(name: str, value: Any) -> str:
    """One value of a policy or an environment."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "windows":
        return "; ".join(window_in_words(entry) for entry in value) or "at any time"
    if name == "severities":
        return "; ".join(f"{rule_in_words(rule)}: {level}" for rule, level in value.items()) or "as usual"
    if name == "approver_role":
        return Role(value).label
    if value is None:
        return "the environment's"
    return str(value) if value != "" else "none"


def of_environment(changes: list[PolicyChange], user: User) -> tuple[list[ChangeView], list[ChangeView]]:
    """Those that wait, and those that are over."""
    views = [shown(change, user) for change in changes]
    return [view for view in views if view.change.is_waiting], [view for view in views if not view.change.is_waiting]


def permissions(user: User, environment: Environment) -> dict[str, bool]:
    return {"may_policy": may(user, Action.POLICY, environment=environment), "may_configure": may(user, Action.CONFIGURE)}
