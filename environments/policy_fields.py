"""From what a form or a program sent to the values of a policy, or a sentence for each that is wrong."""

import re
import shlex
from typing import Any
from zoneinfo import ZoneInfo

from accounts.models import Role
from accounts.permissions import ALLOWED, Action
from environments.fields import Fields, Reader
from environments.models import Policy
from environments.policies import FIELDS, values_of
from migrations_store.findings.levels import LEVELS, differing
from migrations_store.findings.registry import RULES

FLAGS = (
    "require_previous", "require_single_head", "forbid_downgrade", "forbid_stamp", "forbid_non_atomic", "forbid_data_loss", "break_glass",
)  # fmt: skip
# Field: from, to.
NUMBERS = {"approvals": (0, 10), "backup_timeout": (1, 86_400), "approval_hours": (1, 8_760)}
TIMEOUTS = ("lock_timeout", "statement_timeout")
MOST_WINDOWS = 20
PLACES = ("host", "port", "username", "database", "file", "directory")
CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
APPROVERS = [role for role in Role if Action.REVIEW in ALLOWED[role]]


def read_policy(policy: Policy | None, fields: Fields) -> dict[str, Any]:
    """All values of the policy as they would be with `fields`; what is not named stays, or is the usual one. Raises Invalid."""
    values = values_of(policy or Policy())
    read = Reader(fields, FIELDS)
    for name in FLAGS:
        values[name] = read.flag(name, before=values[name])
    for name, (least, most) in NUMBERS.items():
        values[name] = _number(read, name, values[name], least, most)
    for name in TIMEOUTS:
        given = fields.get(name, values[name])
        values[name] = None if given in (None, "") and not isinstance(given, bool) else read.number(name, values[name] or 0)
    values["approver_role"] = _role(read, values["approver_role"])
    values["time_zone"] = _zone(read, values["time_zone"])
    values["windows"] = _windows(read, values["windows"])
    values["backup_command"] = _command(read, values["backup_command"])
    values["severities"] = _severities(read, values["severities"])
    read.finish()
    return values


def _number(read: Reader, name: str, before: int, least: int, most: int) -> int:
    value = read.number(name, before)
    if not least <= value <= most and name not in read.wrong:
        read.wrong[name] = f"This has to be a whole number from {least} to {most}."
    return value


def _role(read: Reader, before: str) -> str:
    value = read.text("approver_role", before, limit=16)
    if value not in APPROVERS and "approver_role" not in read.wrong:
        read.wrong["approver_role"] = f"Choose a role that may approve: {', '.join(APPROVERS)}."
    return value


def _zone(read: Reader, before: str) -> str:
    value = read.text("time_zone", before, limit=64) or "UTC"
    if not is_zone(value):
        read.wrong.setdefault("time_zone", "This is no time zone. Use an IANA name, such as Europe/Berlin.")
    return value


def is_zone(name: str) -> bool:
    if not re.fullmatch(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}", name):
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError for a folder of zones
        return False
    return True


def _windows(read: Reader, before: list[Any]) -> list[Any]:
    given = read.fields.get("windows", before)
    if not isinstance(given, list) or len(given) > MOST_WINDOWS:
        read.wrong["windows"] = f"This has to be a list of at most {MOST_WINDOWS} windows."
        return before
    for number, entry in enumerate(given, start=1):
        if wrong := _wrong_window(entry):
            read.wrong["windows"] = f"Window {number}: {wrong}"
            return before
    return [{"days": sorted(set(entry["days"])), "from": entry["from"], "to": entry["to"]} for entry in given]


def _wrong_window(entry: Any) -> str:
    if not isinstance(entry, dict) or set(entry) != {"days", "from", "to"}:
        return "it needs days, from and to, and nothing else."
    days = entry["days"]
    if not isinstance(days, list) or not days or any(type(day) is not int or not 0 <= day <= 6 for day in days):
        return "its days are numbers from 0 (Monday) to 6 (Sunday), and at least one."
    if not all(isinstance(entry[name], str) and re.fullmatch(CLOCK, entry[name], re.ASCII) for name in ("from", "to")):
        return "its times are written as 22:00."
    return ""


def _command(read: Reader, before: str) -> str:
    """One program and its arguments, no shell; what is filled in stands in braces."""
    value = read.text("backup_command", before, limit=2000)
    try:
        words = shlex.split(value)
    except ValueError:
        read.wrong["backup_command"] = "A quote is opened and not closed."
        return value
    unknown = [place for place in re.findall(r"\{([^{}]*)\}", value) if place not in PLACES]
    if unknown:
        known = ", ".join(f"{{{place}}}" for place in PLACES)
        read.wrong["backup_command"] = f"{{{unknown[0][:40]}}} is not filled in. There are {known}; the password goes by the environment."
    elif value and (not words or not words[0] or words[0].startswith(("-", "{"))):
        read.wrong["backup_command"] = "Begin with the program, such as pg_dump or an absolute path."
    return value


def _severities(read: Reader, before: dict[str, str]) -> dict[str, str]:
    """All of them at once; those that are as usual anyway are not kept."""
    given = read.fields.get("severities", before)
    if not isinstance(given, dict) or not all(isinstance(level, str) for level in given.values()):
        read.wrong["severities"] = 'This maps rules to levels, such as {"AD102": "block"}.'
        return before
    if unknown := [str(rule) for rule in given if rule not in RULES]:
        read.wrong["severities"] = f"There is no rule {unknown[0][:40]!r}. The list of rules is in the documentation of findings."
    elif wrong := [level for level in given.values() if level not in LEVELS]:
        read.wrong["severities"] = f"There is no level {wrong[0][:40]!r}; use one of {', '.join(LEVELS)}."
    return before if "severities" in read.wrong else differing(given)
