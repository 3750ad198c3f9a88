"""Policies and their changes as templates show them."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Role, User
from accounts.permissions import Action, may
from config.retelling import told
from dashboard.forms.policy import PolicyForm
from environments.models import ChangeKind, ChangeStatus, Environment, PolicyChange
from environments.wording import rule_in_words, window_in_words

TONES = {
    ChangeStatus.WAITING: ("idle", "diamond"), ChangeStatus.APPLIED: ("ok", "check"), ChangeStatus.APPROVED: ("ok", "check"),
    ChangeStatus.REJECTED: ("idle", "return"), ChangeStatus.WITHDRAWN: ("idle", "slash"), ChangeStatus.SUPERSEDED: ("warn", "checkdash"),
}  # fmt: skip
LABELS = {
    "protected": gettext_noop("Protected"),
    "position": gettext_noop("Position"),
    "environment": gettext_noop("Environment"),
    "windows": gettext_noop("Windows"),
    "break_glass": gettext_noop("Break-glass"),
    "forbid_downgrade": gettext_noop("Downgrades forbidden"),
    "forbid_stamp": gettext_noop("Stamps forbidden"),
    "forbid_non_atomic": gettext_noop("Non-atomic steps forbidden"),
    "forbid_data_loss": gettext_noop("Data loss forbidden"),
    "require_previous": gettext_noop("Environment before required"),
    "require_single_head": gettext_noop("Single head required"),
    "approver_role": gettext_noop("Approved by"),
    "time_zone": gettext_noop("Time zone"),
    "approval_hours": gettext_noop("An approval holds, hours"),
    "backup_timeout": gettext_noop("Backup timeout, seconds"),
    "severities": gettext_noop("Severities of findings"),
}


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
    names = {"environment": change.environment.name, "database": change.database, "project": change.project and change.project.name}
    if change.kind == ChangeKind.MOVE:
        words = _("Move %(database)s out of %(environment)s")
    elif change.kind == ChangeKind.ENVIRONMENT:
        words = _("Take the protection off %(environment)s") if change.after.get("protected") is False else _("Change %(environment)s")
    elif change.project:
        words = _exception_title(change)
    elif change.kind == ChangeKind.DELETION:
        words = _("Delete the policy of %(environment)s")
    else:
        words = _("Change the policy of %(environment)s") if change.before else _("Make the policy of %(environment)s")
    return words % names


def _exception_title(change: PolicyChange) -> str:
    if change.kind == ChangeKind.DELETION:
        return _("Delete the exception of %(project)s in %(environment)s")
    if change.before:
        return _("Change the exception of %(project)s in %(environment)s")
    return _("Make the exception of %(project)s in %(environment)s")


def _rows(change: PolicyChange) -> list[tuple[str, str, str]]:
    """Label, before, after; of a new or deleted policy all its values."""
    names = list(dict.fromkeys([*change.before, *change.after]))
    return [(label_of(name), _cell(change.before, name), _cell(change.after, name)) for name in names]


def label_of(name: str) -> str:
    field = PolicyForm.base_fields.get(name)
    return _(LABELS[name]) if name in LABELS else str((field.label if field else None) or name.replace("_", " ").capitalize())


def _cell(values: dict[str, Any], name: str) -> str:
    return in_words(name, values[name]) if name in values else "–"


def in_words(name: str, value: Any) -> str:
    """One value of a policy or an environment."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if name == "windows":
        return "; ".join(told(window_in_words(entry)) for entry in value) or _("at any time")
    if name == "severities":
        return "; ".join(f"{told(rule_in_words(rule))}: {level}" for rule, level in value.items()) or _("as usual")
    if name == "approver_role":
        return told(Role(value).label)
    if value is None:
        return _("the environment's")
    return str(value) if value != "" else _("none")


def of_environment(changes: list[PolicyChange], user: User) -> tuple[list[ChangeView], list[ChangeView]]:
    """Those that wait, and those that are over."""
    views = [shown(change, user) for change in changes]
    return [view for view in views if view.change.is_waiting], [view for view in views if not view.change.is_waiting]


def permissions(user: User, environment: Environment) -> dict[str, bool]:
    return {"may_policy": may(user, Action.POLICY, environment=environment), "may_configure": may(user, Action.CONFIGURE)}
