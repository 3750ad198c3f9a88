"""Plans: what a command would do, step by step. Nothing is run."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from api.auth import user_of
from api.schemas import Body, Shown
from environments.queries import get_database
from jobs.models import Plan
from jobs.plans import gates, make_plan, preview_of, wait_for_preview

router = Router(tags=["plans"], by_alias=True)


class NewPlan(Body):
    """`revision` takes what Alembic takes: an id, the beginning of one, head, heads, label@head, base, +1, -1, id+1."""

    database: str
    command: str
    revision: str | None = "head"


class PlanStepShown(Shown):
    """`sql` is null where it cannot be had; `sql_unavailable` then says why."""

    revision: str
    direction: str
    message: str
    down_revisions: list[str]
    sql: str | None
    sql_unavailable: str | None
    findings: list[dict[str, Any]]


class GateShown(Shown):
    """A condition that has to hold; `kind` is fix (you can) or wait (for someone or something)."""

    name: str
    passed: bool
    detail: str
    kind: str


class PlanShown(Shown):
    """Send `digest` as a job's `plan_digest`, and the job runs this plan or none."""

    id: str
    digest: str
    database: str
    command: str
    from_: list[str] = Field(alias="from")
    to: list[str]
    steps: list[PlanStepShown]
    gates: list[GateShown]
    warnings: list[str]
    snapshot: str | None


@router.post("", response={201: PlanShown}, summary="Plan a command on a database")
def create_plan(request: HttpRequest, payload: NewPlan) -> Status[dict[str, Any]]:
    user = user_of(request)
    plan = make_plan(get_database(user, payload.database), user=user, command=payload.command, revision=payload.revision)
    return Status(201, plan_shown(wait_for_preview(plan)))


def plan_shown(plan: Plan) -> dict[str, Any]:
    """The contract's plan, with what else the pages show."""
    return {
        "id": str(plan.pk),
        "digest": plan.digest,
        "database": str(plan.database_id),
        "command": plan.command,
        "from": plan.from_heads,
        "to": plan.to_heads,
        "steps": [_step(plan, step) for step in plan.steps],
        "gates": [{"name": gate.name, "passed": gate.passed, "detail": gate.detail, "kind": gate.kind} for gate in gates(plan)],
        "warnings": plan.warnings,
        "snapshot": str(plan.snapshot_id) if plan.snapshot_id else None,
    }


def _step(plan: Plan, step: dict[str, Any]) -> dict[str, Any]:
    names = ("revision", "direction", "message", "down_revisions")
    return {name: step.get(name) for name in names} | preview_of(plan, step["revision"]) | {"findings": []}
