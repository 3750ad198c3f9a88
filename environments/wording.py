"""What rules mean, in sentences for people."""

from collections.abc import Iterator
from typing import Any

from accounts.models import Role
from environments.models import Environment
from environments.policies import Rules
from migrations_store.findings.finding import Severity
from migrations_store.findings.levels import OFF
from migrations_store.findings.registry import RULES
from migrations_store.models import Project

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def in_words(rules: Rules, environment: Environment, project: Project | None = None) -> list[str]:
    """One sentence for each rule that does something, the approvals first."""
    place = f"{project.name} in {environment.name}" if project else environment.name
    if rules.missing:
        return [f"{place} is protected and has no policy: nothing may run there."]
    return [
        _approvals(rules, place),
        *_required(rules),
        *_forbidden(rules),
        *_severities(rules),
        *_limits(rules),
        *_when(rules),
        *_backup(rules),
        _break_glass(rules),
    ]


def _approvals(rules: Rules, place: str) -> str:
    if not rules.approvals:
        return f"{place} will need no approval: whoever may run jobs there runs them at once."
    number = "1 approval" if rules.approvals == 1 else f"{rules.approvals} approvals by different people"
    role = Role(rules.approver_role).label.lower()
    return (
        f"{place} will need {number} from {'an' if role[0] in 'aeiou' else 'a'} {role}, never from the one who asks; "
        f"{'it holds' if rules.approvals == 1 else 'each holds'} for {_hours(rules.approval_hours)} and for one run."
    )


def _required(rules: Rules) -> Iterator[str]:
    if rules.require_previous:
        yield "Each migration has to be applied and verified in the environment before it; a stamp does not count."
    if rules.require_single_head:
        yield "A project whose code has several heads is refused."


def _forbidden(rules: Rules) -> Iterator[str]:
    forbidden = [
        (rules.forbid_downgrade, "downgrades"), (rules.forbid_stamp, "stamps"),
        (rules.forbid_non_atomic, "steps that are not all or nothing"), (rules.forbid_data_loss, "steps that delete data or may"),
    ]  # fmt: skip
    if names := [name for is_forbidden, name in forbidden if is_forbidden]:
        yield f"Forbidden: {listed(names)}."


def _severities(rules: Rules) -> Iterator[str]:
    """Only what differs from the rules' own."""
    at = {level: [rule_in_words(rule) for rule, given in rules.severities.items() if given == level] for level in rules.severities.values()}
    if blocking := at.pop(Severity.BLOCK, None):
        yield f"Refused until somebody accepts it with a reason: what {listed(blocking)} finds."
    for level, names in at.items():
        says = "Not told" if level == OFF else f"Told as {'an' if level[0] in 'aeiou' else 'a'} {level}"
        yield f"{says}: what {listed(names)} finds."


def rule_in_words(rule: str) -> str:
    """Such as AD102 (column dropped)."""
    title = RULES[rule].title if rule in RULES else "no rule any more"
    return f"{rule} ({title[0].lower() if not title[:2].isupper() else title[0]}{title[1:]})"


def _limits(rules: Rules) -> Iterator[str]:
    lock = f"waits at most {_seconds(rules.lock_timeout)} for a lock" if rules.lock_timeout else "waits for locks without a limit"
    long = f"takes at most {_seconds(rules.statement_timeout)}" if rules.statement_timeout else "takes as long as it needs"
    yield f"A statement {lock} and {long}."


def _when(rules: Rules) -> Iterator[str]:
    if rules.windows:
        yield f"Jobs run only {' or '.join(window_in_words(entry) for entry in rules.windows)}, by the clock of {rules.time_zone}."


def _backup(rules: Rules) -> Iterator[str]:
    if rules.backup_command:
        yield (
            f"Before each migration {rules.backup_command.split()[0]} makes a backup, within {_seconds(rules.backup_timeout)}; "
            "if that fails, the migration does not begin."
        )


def _break_glass(rules: Rules) -> str:
    if rules.break_glass:
        return (
            "In an emergency a lead may break the glass: the job then runs without approval, in a freeze and outside the windows too, "
            "and without the environment before. It takes a reason, and everybody is told."
        )
    return "There is no way around these rules in an emergency."


def window_in_words(entry: dict[str, Any]) -> str:
    """Such as "Mon–Fri 22:00–06:00"."""
    until = "24 hours" if entry["from"] == entry["to"] else f"{entry['from']}–{entry['to']}"
    at = f"from {entry['from']} for {until}" if entry["from"] == entry["to"] else until
    return f"{days_in_words(entry['days'])} {at}"


def days_in_words(days: list[int]) -> str:
    """Three days or more in a row as "Mon–Wed"."""
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    if runs == [list(range(7))]:
        return "every day"
    parts = [f"{DAYS[run[0]]}–{DAYS[run[-1]]}" if len(run) > 2 else ", ".join(DAYS[day] for day in run) for run in runs]
    return ", ".join(parts)


def listed(names: list[str]) -> str:
    """a, b and c."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _seconds(number: int) -> str:
    if not number:
        return "0 seconds"
    if number % 3600 == 0:
        return _hours(number // 3600, days=False)
    minutes = number // 60
    if number % 60 == 0:
        return f"{minutes} minute{'' if minutes == 1 else 's'}"
    return f"{number} second{'' if number == 1 else 's'}"


def _hours(number: int, *, days: bool = True) -> str:
    whole = number // 24
    if days and number % 24 == 0:
        return f"{whole} day{'' if whole == 1 else 's'}"
    return f"{number} hour{'' if number == 1 else 's'}"
