"""The policy of an environment, or a project's exception from it."""

import re
from typing import Any

from django import forms

from dashboard.forms.base import PageForm
from environments.models import Policy
from environments.policies import values_of
from environments.policy_fields import APPROVERS, FLAGS
from environments.wording import DAYS
from migrations_store.findings.levels import LEVELS
from migrations_store.findings.registry import RULES

ROW = re.compile(r"w(\d{1,2})_from")
SEVERITY_ROW = re.compile(r"s(\d{1,2})_rule")
SPARE_ROWS = 2
LEVEL_WORDS = {
    "off": "off: not told", "info": "info", "warning": "warning", "error": "error", "block": "block: refused until it is accepted",
}  # fmt: skip


class PolicyForm(PageForm):
    """One form in groups; the rows of windows and of severities are as many as there are, and two to fill in."""

    approvals = forms.IntegerField(
        label="Approvals needed", min_value=0, max_value=10, help_text="By different people, never by the one who asks."
    )
    approver_role = forms.ChoiceField(
        label="From", choices=[(role, role.label) for role in APPROVERS], help_text="Or a role that includes it."
    )
    approval_hours = forms.IntegerField(label="An approval holds, hours", min_value=1, max_value=8760)
    require_previous = forms.BooleanField(
        label="Applied and verified in the environment before it", required=False, help_text="A stamp does not count."
    )
    require_single_head = forms.BooleanField(label="The code has a single head", required=False)
    forbid_downgrade = forms.BooleanField(label="Downgrades", required=False)
    forbid_stamp = forms.BooleanField(label="Stamps", required=False)
    forbid_non_atomic = forms.BooleanField(
        label="Steps that are not all or nothing",
        required=False,
        help_text="Such as an index built CONCURRENTLY, or anything on MySQL and SQLite.",
    )
    forbid_data_loss = forms.BooleanField(
        label="Steps that delete data, or may", required=False, help_text="Read from the revision's text."
    )
    lock_timeout = forms.IntegerField(
        label="Lock timeout, seconds", min_value=0, max_value=86_400, required=False, help_text="Empty: the environment's."
    )
    statement_timeout = forms.IntegerField(
        label="Statement timeout, seconds",
        min_value=0,
        max_value=604_800,
        required=False,
        help_text="Empty: the environment's. 0 is no limit.",
    )
    time_zone = forms.CharField(
        label="Time zone of the windows", max_length=64, required=False, help_text="An IANA name, such as Europe/Berlin."
    )
    backup_command = forms.CharField(
        label="Backup command",
        max_length=2000,
        required=False,
        help_text="For administrators: it runs on the worker's machine, without a shell. "
        "{host}, {port}, {username}, {database}, {file} and "
        "{directory} are filled in; the password goes by PGPASSWORD and MYSQL_PWD. "
        "Such as pg_dump -Fc -h {host} -p {port} -U {username} -f {file} {database}",
    )
    backup_timeout = forms.IntegerField(label="It may take, seconds", min_value=1, max_value=86_400)
    break_glass = forms.BooleanField(
        label="In an emergency, a lead may break the glass",
        required=False,
        help_text="With a reason; everybody is told, and the record says so.",
    )
    reason = forms.CharField(label="Why", max_length=2000, required=False, help_text="Whoever decides will read it.")

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
        rules = [("", "choose a rule"), *((rule.id, f"{rule.id} {rule.title} ({rule.severity})") for rule in RULES.values())]
        levels = [("", "as usual"), *((level, LEVEL_WORDS[level]) for level in LEVELS)]
        for name, label, choices in (("rule", "Rule", rules), ("level", "Level", levels)):
            select = forms.Select(attrs={"class": "in", "aria-label": f"{label} {row + 1}"})
            self.fields[f"s{row}_{name}"] = forms.ChoiceField(label=label, choices=choices, required=False, widget=select)

    def _add_row(self, row: int) -> None:
        days = [(str(number), name) for number, name in enumerate(DAYS)]
        self.fields[f"w{row}_days"] = forms.MultipleChoiceField(
            label=f"Days of window {row + 1}", choices=days, required=False, widget=forms.CheckboxSelectMultiple
        )
        for name, label in (("from", "From"), ("to", "To")):
            clock = forms.TextInput(attrs={"type": "time", "class": "in clock", "aria-label": f"{label}, window {row + 1}"})
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


class FreezeForm(PageForm):
    """Until when and why."""

    reason = forms.CharField(max_length=2000, help_text="Everybody who has to wait will read it.")
    until = forms.DateTimeField(
        label="Until, in your time zone",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="Empty: until somebody lifts it.",
    )
