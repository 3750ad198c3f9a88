"""What a person types and ticks before something is asked for that undoes work, or loses data, in a protected environment."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from config.errors import Invalid
from environments import counts
from jobs.errors import Irreversible
from jobs.models import Command, Plan

DESTRUCTIVE = (Command.DOWNGRADE, Command.STAMP)
LONGEST_REASON = 2000
WHY_NOT = {
    "absent": "{revision} has no downgrade()",
    "raises": "the downgrade() of {revision} refuses to run",
}


@dataclass(frozen=True)
class Loss:
    """Data that a step destroys; `rows` says how many its table holds, if that was counted, and `key` is what a form or a program sends
    to say that this is known."""

    revision: str
    what: str
    object: str
    line: int
    rows: str = ""

    @property
    def key(self) -> str:
        return f"{self.revision} {self.what} {self.object}"


def losses(plan: Plan) -> list[Loss]:
    return [
        Loss(step["revision"], str(loss.get("what", "")), str(loss.get("object", "")), int(loss.get("line") or 0), _rows(plan, loss))
        for step in plan.steps
        for loss in step.get("data_loss") or []
    ]


def tables_of_losses(plan: Plan) -> list[tuple[str | None, str]]:
    """Where rows would be counted. A name with a dot is a column of a table, or a table of a schema: both are asked for."""
    found: list[tuple[str | None, str]] = []
    for loss in losses(plan):
        *before, last = loss.object.split(".")
        found += [(".".join(before) or None, last), *([(".".join(before[:-1]) or None, before[-1])] if before else [])]
    return list(dict.fromkeys(found))


def _rows(plan: Plan, loss: dict[str, Any]) -> str:
    name = str(loss.get("object", ""))
    return counts.in_words(plan.rows.get(name) or plan.rows.get(name.rpartition(".")[0]))


def irreversible(plan: Plan) -> list[str]:
    """Why steps of a downgrade cannot be undone at all, in words."""
    if plan.command != Command.DOWNGRADE:
        return []
    return [WHY_NOT[step["downgrade"]].format(**step) for step in plan.steps if step.get("downgrade") in WHY_NOT]


def needs_name(plan: Plan) -> bool:
    """Whether the environment's name has to be typed: what undoes, hides or loses something in a protected environment."""
    return plan.database.environment.protected and (plan.command in DESTRUCTIVE or bool(losses(plan)))


def check(plan: Plan, *, typed: str, reason: str, accepted: Collection[str], always: bool = False) -> None:
    """Raises Invalid unless the name was typed, a reason given and each loss ticked, where all that is needed, or `always`."""
    check_reason(reason)
    if not needs_name(plan) and not always:
        return
    slug, typed = plan.database.environment.slug, unicodedata.normalize("NFC", typed).strip()
    fields = {} if typed == slug else {"typed": _hint(typed, slug)}
    fields |= {} if reason.strip() else {"reason": "Say why, in a few words: it is kept with the job."}
    if missing := [loss.key for loss in losses(plan) if loss.key not in accepted] if needs_name(plan) else []:
        fields["accepted"] = f"Say of each that you know it is lost: {', '.join(missing[:10])}."
    if fields:
        what = f"{plan.get_command_display()} on {slug}"
        raise Invalid(f"{what} has to be confirmed. Nothing was run. {' '.join(fields.values())}", fields)


def check_reason(reason: str) -> None:
    if len(reason) > LONGEST_REASON:
        raise Invalid("The reason is longer than 2,000 characters.", {"reason": "At most 2,000 characters."})


def check_reversible(plan: Plan) -> None:
    if why := irreversible(plan):
        raise Irreversible(
            f"{plan.database} cannot be brought back that far: {'; '.join(why[:5])}. Nothing was run; choose a later revision."
        )


def _hint(typed: str, slug: str) -> str:
    if any("а" <= letter <= "я" for letter in typed.lower()):
        return f"Keyboard layout looks Russian. Type {slug}."
    return f"Type {slug} exactly as it is written here."
