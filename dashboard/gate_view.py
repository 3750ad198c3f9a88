"""Gates as pages show them: what the reader can fix, what is waited for, what holds."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.permissions import Action
from config.retelling import told
from environments import policies, queries
from environments.models import Database
from environments.permissions import may_on
from jobs import confirmation, gates
from jobs.gates import Gate
from jobs.models import Command, Plan

WAITS = {gates.APPROVAL: "diamond", gates.WINDOW: "clock", gates.SCHEDULE: "clock", gates.FREEZE: "lock", gates.OTHER_JOB: "pause"}


@dataclass(frozen=True)
class Gates:
    fix: list[Gate]
    wait: list[tuple[str, Gate]]
    passed: list[Gate]

    @property
    def summary(self) -> str:
        passed, fix, wait = len(self.passed), len(self.fix), len(self.wait)
        parts = [ngettext("%(count)d pass", "%(count)d pass", passed) % {"count": passed}] if passed else []
        parts += [_("%(count)d to fix") % {"count": fix}] if fix else []
        parts += [_("%(count)d to wait for") % {"count": wait}] if wait else []
        return ", ".join(parts)

    @property
    def needs_approval(self) -> bool:
        return any(gate.name == gates.APPROVAL for _icon, gate in self.wait)

    @property
    def words(self) -> str:
        """What stands in the way, in one line of a list."""
        closed = [*self.fix, *(gate for _icon, gate in self.wait)]
        return "; ".join(told(gate.detail) for gate in closed)


@dataclass(frozen=True)
class Options:
    """What can be chosen for a job of this plan."""

    approval: bool
    windows: bool
    break_glass: list[str]


def sort(found: list[Gate]) -> Gates:
    closed = [gate for gate in found if not gate.passed]
    waits = [(WAITS.get(gate.name, "clock"), gate) for gate in closed if gate.kind != "fix"]
    return Gates([gate for gate in closed if gate.kind == "fix"], waits, [gate for gate in found if gate.passed])


def before(plan: Plan, found: Gates, user: User) -> Database | None:
    """The database in which the plan's revisions have to succeed first, as long as they have not."""
    if not any(gate.name == gates.PREVIOUS for gate in found.fix):
        return None
    _is_first, stage = gates.environment_before(plan.database)
    there = list(queries.databases(user, project=plan.database.project, environment=stage)) if stage else []
    return next((one for one in there if one.name == plan.database.name), there[0] if there else None)


def options(plan: Plan, found: Gates, user: User) -> Options | None:
    """None for a check, which only reads. Break-glass is offered only where it would open something, to those who may."""
    if plan.command == Command.CHECK:
        return None
    rules = policies.rules_for(plan.database)
    breakable = [gate.name for gate in (*found.fix, *(gate for _icon, gate in found.wait)) if gate.name in gates.BREAKABLE]
    possible = plan.steps and not confirmation.irreversible(plan) and all(gate.name in gates.BREAKABLE for gate in found.fix)
    allowed = possible and rules.break_glass and not rules.missing and may_on(user, Action.BREAK_GLASS, plan.database)
    return Options(found.needs_approval, bool(rules.windows), breakable if allowed else [])
