"""Plans: what a command would do, step by step. Nothing is run."""

from typing import Any

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from api.auth import user_of
from api.findings import FindingShown
from api.schemas import Body, Shown
from environments.queries import get_database
from jobs import findings, gates
from jobs.models import Plan
from jobs.plans import make_plan, preview_of, wait_for_preview
from migrations_store.findings.finding import Finding

router = Router(tags=["plans"], by_alias=True)


class NewPlan(Body):
    """`revision` takes what Alembic takes: an id, the beginning of one, head, heads, label@head, base, +1, -1, id+1."""

    database: str
    command: str
    revision: str | None = "head"


class PlanStepShown(Shown):
    """`sql` is null where it cannot be had; `sql_unavailable` then says why. `checksum` is the SHA-256 of the revision's file, `downgrade`
    is present, empty, raises or absent. `data_loss` says what is lost ({what, object, line}), `non_atomic` what is not rolled back
    after a failure and `unclear` what the text does not tell (both {why, line})."""

    revision: str
    direction: str
    message: str
    down_revisions: list[str]
    sql: str | None
    sql_unavailable: str | None
    findings: list[FindingShown]
    checksum: str
    downgrade: str
    data_loss: list[dict[str, Any]]
    non_atomic: list[dict[str, Any]]
    unclear: list[dict[str, Any]]


class GateShown(Shown):
    """A condition that has to hold; `kind` is fix (you can) or wait (for someone or something)."""

    name: str
    passed: bool
    detail: str
    kind: str


class PlanShown(Shown):
    """Send `digest` as a job's `plan_digest`, and the job runs this plan or none. `atomic` is null where it cannot be known beforehand.
    `rows` is how many the tables hold of which a step destroys something, as in a proposal."""

    id: str
    digest: str
    database: str
    command: str
    from_: list[str] = Field(alias="from")
    to: list[str]
    steps: list[PlanStepShown]
    gates: list[GateShown]
    atomic: bool | None
    not_atomic_because: str
    warnings: list[str]
    rows: dict[str, Any]
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
        "steps": [_step(plan, step, found) for step, found in zip(plan.steps, findings.findings_of(plan), strict=True)],
        "gates": [{"name": gate.name, "passed": gate.passed, "detail": gate.detail, "kind": gate.kind} for gate in gates.of(plan)],
        "atomic": plan.atomic,
        "not_atomic_because": plan.not_atomic_because,
        "warnings": plan.warnings,
        "rows": plan.rows,
        "snapshot": str(plan.snapshot_id) if plan.snapshot_id else None,
    }


def _step(plan: Plan, step: dict[str, Any], found: list[Finding]) -> dict[str, Any]:
    texts = {name: step.get(name) or "" for name in ("revision", "direction", "message", "checksum", "downgrade")}
    lists = {name: step.get(name) or [] for name in ("down_revisions", "data_loss", "non_atomic", "unclear")}
    return texts | lists | preview_of(plan, step["revision"]) | {"findings": [finding.as_json() for finding in found]}
