"""The policy of an environment, or a project's exception from it."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from config.retelling import told
from dashboard.forms.base import PageForm, told_choices
from environments.models import Policy
from environments.policies import values_of
from environments.policy_fields import APPROVERS, FLAGS
from environments.wording import DAYS
from migrations_store.findings.finding import Rule
from migrations_store.findings.levels import LEVELS
from migrations_store.findings.registry import RULES

ROW = re.compile(r"w(\d{1,2})_from")
SEVERITY_ROW = re.compile(r"s(\d{1,2})_rule")
SPARE_ROWS = 2
LEVEL_WORDS = {
    "off": _("off: not told"), "info": _("info"), "warning": _("warning"), "error": _("error"),
    "block": _("block: refused until it is accepted"),
}  # fmt: skip


class PolicyForm(PageForm):
    """One form in groups; the rows of windows and of severities are as many as there are, and two to fill in."""

    approvals = forms.IntegerField(
        label=_("Approvals needed"), min_value=0, max_value=10, help_text=_("By different people, never by the one who asks.")
    )
    approver_role = forms.ChoiceField(
        label=pgettext_lazy("a role", "From"),
        choices=told_choices((role.value, str(role.label)) for role in APPROVERS),
        help_text=_("Or a role that includes it."),
    )
    approval_hours = forms.IntegerField(label=_("An approval holds, hours"), min_value=1, max_value=8760)
    require_previous = forms.BooleanField(
        label=_("Applied and verified in the environment before it"), required=False, help_text=_("A stamp does not count.")
    )
    require_single_head = forms.BooleanField(label=_("The code has a single head"), required=False)
    forbid_downgrade = forms.BooleanField(label=_("Downgrades"), required=False)
    forbid_stamp = forms.BooleanField(label=_("Stamps"), required=False)
    forbid_non_atomic = forms.BooleanField(
        label=_("Steps that are not all or nothing"),
        required=False,
        help_text=_("Such as an index built CONCURRENTLY, or anything on MySQL and SQLite."),
    )
    forbid_data_loss = forms.BooleanField(
        label=_("Steps that delete data, or may"), required=False, help_text=_("Read from the revision's text.")
    )
    lock_timeout = forms.IntegerField(
        label=_("Lock timeout, seconds"), min_value=0, max_value=86_400, required=False, help_text=_("Empty: the environment's.")
    )
    statement_timeout = forms.IntegerField(
        label=_("Statement timeout, seconds"),
        min_value=0,
        max_value=604_800,
        required=False,
        help_text=_("Empty: the environment's. 0 is no limit."),
    )
    time_zone = forms.CharField(
        label=_("Time zone of the windows"), max_length=64, required=False, help_text=_("An IANA name, such as Europe/Berlin.")
    )
    backup_command = forms.CharField(
        label=_("Backup command"),
        max_length=2000,
        required=False,
        help_text=_(
            "For administrators: it runs on the worker's machine, without a shell. "
            "{host}, {port}, {username}, {database}, {file} and "
            "{directory} are filled in; the password goes by PGPASSWORD and MYSQL_PWD. "
            "Such as pg_dump -Fc -h {host} -p {port} -U {username} -f {file} {database}"
        ),
    )
    backup_timeout = forms.IntegerField(label=_("It may take, seconds"), min_value=1, max_value=86_400)
    break_glass = forms.BooleanField(
        label=_("In an emergency, a lead may break the glass"),
        required=False,
        help_text=_("With a reason; everybody is told, and the record says so."),
    )
    reason = forms.CharField(label=_("Why"), max_length=2000, required=False, help_text=_("Whoever decides will read it."))

    def __init__(self, *args: Any, rows: int = 0, severities: int = 0, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.rows = min(self._rows(ROW, rows), 30)
        self.severities = min(self._rows(SEVERITY_ROW, severities), len(RULES) + SPARE_ROWS)
        for row in range(self.rows):
            self._add_row(row)
        for row in range(self.severities):
            self._add_severity(row)

    def _rows(self, pattern: re.Pattern[str], there: int) -> int:
        """As many as were sent, or else as there are and some to fill in."""
        given = [int(match[1]) + 1 for name in self.data if (match := pattern.fullmatch(name))]
        return max([0, *given]) if self.is_bound else there + SPARE_ROWS

    def _add_severity(self, row: int) -> None:
        rules = [("", _("choose a rule")), *((rule.id, _rule(rule)) for rule in RULES.values())]
        levels = [("", _("as usual")), *((level, LEVEL_WORDS[level]) for level in LEVELS)]
        places = {"number": row + 1}
        labels = {"rule": gettext("Rule %(number)s") % places, "level": gettext("Level of rule %(number)s") % places}
        for name, choices in (("rule", rules), ("level", levels)):
            select = forms.Select(attrs={"class": "in", "aria-label": labels[name]})
            self.fields[f"s{row}_{name}"] = forms.ChoiceField(label=labels[name], choices=choices, required=False, widget=select)

    def _add_row(self, row: int) -> None:
        days, places = [(str(number), told(name)) for number, name in enumerate(DAYS)], {"number": row + 1}
        self.fields[f"w{row}_days"] = forms.MultipleChoiceField(
            label=gettext("Days of window %(number)s") % places, choices=days, required=False, widget=forms.CheckboxSelectMultiple
        )
        labels = {"from": gettext("From, window %(number)s") % places, "to": gettext("To, window %(number)s") % places}
        for name, label in labels.items():
            clock = forms.TextInput(attrs={"type": "time", "class": "in clock", "aria-label": label})
            self.fields[f"w{row}_{name}"] = forms.CharField(label=label, max_length=5, required=False, widget=clock)

    @classmethod
    def of(cls, policy: Policy) -> "PolicyForm":
        initial = values_of(policy)
        for row, entry in enumerate(initial.pop("windows")):
            initial |= {f"w{row}_days": [str(day) for day in entry["days"]], f"w{row}_from": entry["from"], f"w{row}_to": entry["to"]}
        for row, (rule, level) in enumerate(initial.pop("severities").items()):
            initial |= {f"s{row}_rule": rule, f"s{row}_level": level}
        return cls(initial=initial, rows=len(policy.windows), severities=len(policy.severities))

    @property
    def window_rows(self) -> list[dict[str, Any]]:
        return [{name: self[f"w{row}_{name}"] for name in ("days", "from", "to")} for row in range(self.rows)]

    @property
    def severity_rows(self) -> list[dict[str, Any]]:
        return [{name: self[f"s{row}_{name}"] for name in ("rule", "level")} for row in range(self.severities)]

    def fields_for_service(self) -> dict[str, Any]:
        """As the service and the API take them; rows that nobody filled in are left out."""
        found = self.cleaned_data
        fields = {
            name: found[name] for name in (*FLAGS, "approvals", "approver_role", "approval_hours", "lock_timeout", "statement_timeout")
        }
        fields |= {name: found[name] for name in ("time_zone", "backup_command", "backup_timeout")}
        rows = [(found[f"w{row}_days"], found[f"w{row}_from"], found[f"w{row}_to"]) for row in range(self.rows)]
        fields["windows"] = [
            {"days": [int(day) for day in days], "from": begin, "to": end} for days, begin, end in rows if days or begin or end
        ]
        told = [(found[f"s{row}_rule"], found[f"s{row}_level"]) for row in range(self.severities)]
        fields["severities"] = {rule: level for rule, level in told if rule and level}
        return fields


def _rule(rule: Rule) -> str:
    return f"{rule.id} {told(rule.title)} ({LEVEL_WORDS[rule.severity]})"


class FreezeForm(PageForm):
    """Until when and why."""

    reason = forms.CharField(label=_("Reason"), max_length=2000, help_text=_("Everybody who has to wait will read it."))
    until = forms.DateTimeField(
        label=_("Until, in your time zone"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text=_("Empty: until somebody lifts it."),
    )
