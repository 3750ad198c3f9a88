"""What a policy may hold, and what it means in words."""

from typing import Any

import pytest

from config.errors import Invalid
from environments import policies, policy_fields, wording
from environments.models import Environment, Policy


def given(**fields: Any) -> dict[str, Any]:
    return policy_fields.read_policy(None, fields)


def test_read_policy_without_fields_is_the_usual_one() -> None:
    assert given() == policies.values_of(Policy())


def test_read_policy_keeps_what_is_not_named() -> None:
    values = policy_fields.read_policy(Policy(approvals=3, forbid_stamp=True), {"approvals": 2})
    assert (values["approvals"], values["forbid_stamp"]) == (2, True)


WINDOW = {"days": [0], "from": "22:00", "to": "06:00"}
WRONG = [
    ("approvals", -1), ("approvals", 11), ("approvals", "many"), ("approvals", True), ("approvals", None),
    ("approver_role", "viewer"), ("approver_role", "operator"), ("approver_role", "auditor"), ("approver_role", ""), ("approver_role", 1),
    ("require_previous", "yes"), ("break_glass", None), ("approval_hours", 0), ("approval_hours", 9000), ("backup_timeout", 0),
    ("lock_timeout", -1), ("lock_timeout", "soon"), ("lock_timeout", False), ("statement_timeout", 2**31),
    ("time_zone", "Mars/Olympus"), ("time_zone", "../../etc/passwd"), ("time_zone", "/etc/localtime"), ("time_zone", "Europe"),
    ("time_zone", "Europe/Berlin\nx"), ("time_zone", "a" * 65),
    ("windows", "22:00"), ("windows", [WINDOW] * 21), ("windows", [WINDOW | {"days": []}]), ("windows", [WINDOW | {"days": [7]}]),
    ("windows", [WINDOW | {"days": [True]}]), ("windows", [WINDOW | {"from": "24:00"}]), ("windows", [WINDOW | {"to": "6:00"}]),
    ("windows", [WINDOW | {"to": "06:60"}]), ("windows", [WINDOW | {"also": 1}]),
    ("windows", [{"days": [0], "from": "22:00"}]), ("windows", [None]),
    ("windows", [WINDOW | {"from": "22:00\n"}]), ("windows", [WINDOW | {"from": "٢٢:٠٠"}]),
    ("backup_command", "pg_dump 'x"), ("backup_command", "pg_dump {password}"), ("backup_command", "pg_dump {file.name}"),
    ("backup_command", "{file}"), ("backup_command", "-x"), ("backup_command", "a\nb"),
    ("backup_command", "x" * 2001), ("backup_command", "''"),
    ("version", 3), ("environment", "dev"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_read_policy_says_what_is_wrong_at_the_field(name: str, value: Any) -> None:
    with pytest.raises(Invalid) as refused:
        given(**{name: value})
    assert list(refused.value.fields) == [name]
    assert refused.value.fields[name].endswith(".")


RIGHT = [
    ("approvals", "2", 2), ("lock_timeout", None, None), ("lock_timeout", "", None), ("lock_timeout", 0, 0), ("time_zone", "", "UTC"),
    ("time_zone", "America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"),
    ("windows", [WINDOW | {"days": [6, 0, 6]}], [WINDOW | {"days": [0, 6]}]),
    ("backup_command", " pg_dump -Fc -f {file} -h {host} {database} ", "pg_dump -Fc -f {file} -h {host} {database}"),
    ("approver_role", "lead", "lead"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "kept"), RIGHT)
def test_read_policy_takes_what_is_right(name: str, value: Any, kept: Any) -> None:
    assert given(**{name: value})[name] == kept


WORDS = [
    ({}, "Production will need 1 approval from a reviewer, never from the one who asks; it holds for 3 days and for one run."),
    ({"approvals": 2, "approver_role": "admin", "approval_hours": 1},
     ("Production will need 2 approvals by different people from an administrator, never from the one who asks; "
      "each holds for 1 hour and for one run.")),
    ({"approvals": 0}, "Production will need no approval: whoever may run jobs there runs them at once."),
    ({"require_previous": True}, "Each migration has to be applied and verified in the environment before it; a stamp does not count."),
    ({"require_single_head": True}, "A project whose code has several heads is refused."),
    ({"forbid_stamp": True, "forbid_downgrade": True, "forbid_data_loss": True},
     "Forbidden: downgrades, stamps and steps that delete data or may."),
    ({"forbid_non_atomic": True}, "Forbidden: steps that are not all or nothing."),
    ({}, "A statement waits at most 5 seconds for a lock and takes as long as it needs."),
    ({"lock_timeout": 0, "statement_timeout": 90}, "A statement waits for locks without a limit and takes at most 90 seconds."),
    ({"windows": [{"days": [0, 1, 2, 3, 4], "from": "22:00", "to": "06:00"}, {"days": [5, 6], "from": "00:00", "to": "00:00"}],
      "time_zone": "Europe/Berlin"},
     "Jobs run only Mon–Fri 22:00–06:00 or Sat, Sun from 00:00 for 24 hours, by the clock of Europe/Berlin."),
    ({"windows": [{"days": [0, 1, 2, 3, 4, 5, 6], "from": "01:00", "to": "02:00"}]},
     "Jobs run only every day 01:00–02:00, by the clock of UTC."),
    ({"backup_command": "pg_dump -f {file}", "backup_timeout": 600},
     "Before each migration pg_dump makes a backup, within 10 minutes; if that fails, the migration does not begin."),
    ({"break_glass": False}, "There is no way around these rules in an emergency."),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "sentence"), WORDS)
def test_in_words_says_what_each_rule_does(fields: dict[str, Any], sentence: str) -> None:
    production = Environment(slug="prod", name="Production", protected=True)
    assert sentence in wording.in_words(policies.rules_of(Policy(**given(**fields)), production), production)


def test_in_words_of_a_missing_policy_says_that_nothing_may_run() -> None:
    production = Environment(slug="prod", name="Production", protected=True)
    assert wording.in_words(policies.rules_of(None, production), production) == [
        "Production is protected and has no policy: nothing may run there."
    ]
