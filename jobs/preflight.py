"""What a worker looks at again before a claimed job touches its database. Each answers a code and a sentence, or that nothing is wrong."""

from jobs import facts, gates
from jobs.facts import Live
from jobs.models import Job, Plan
from jobs.plans import changed_since

Refusal = tuple[str, str]


def refusal(job: Job, plan: Plan) -> Refusal | None:
    """Before the database is asked: it could be another one by now."""
    if changed := changed_since(plan, facts.planned(plan)):
        return _changed(changed)
    if forbidden := gates.closed(gates.of(plan, job=job), "fix", besides=(gates.REACHABLE,)):
        return "gate_closed", f"{'. '.join(gate.detail.rstrip('.') for gate in forbidden)}."
    return None


def elsewhere(plan: Plan, live: Live, *, absent: bool) -> Refusal | None:
    """Whether another server or database answers than the plan was made for."""
    found = facts.elsewhere(plan, live, absent=absent)
    return _changed(found) if found else None


def moved(plan: Plan, heads: list[str]) -> Refusal:
    """Another job or a person was there first."""
    found, planned = facts.heads(heads), facts.heads(plan.from_heads)
    why = f"The plan starts at {planned}, but the database is at {found} now (database moved: {planned} → {found})."
    return "plan_changed", why


def _changed(found: list[str]) -> Refusal:
    return "plan_changed", f"What was planned no longer holds: {'; '.join(found)}."
