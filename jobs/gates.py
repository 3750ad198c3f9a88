"""What has to hold before a plan runs. The same function is asked when a job is requested, when it is approved, and when it is claimed."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from environments import policies, windows
from environments.models import Database, DatabaseState, Environment
from environments.policies import Rules
from jobs import approvals, findings, schedule
from jobs.models import Command, Job, JobStatus, Plan, Step, StepStatus
from migrations_store import graph as graphs
from migrations_store.findings.finding import Finding, Severity

REACHABLE, OTHER_JOB, POLICY, SINGLE_HEAD, PREVIOUS = "reachable", "no other job", "policy", "single head", "previous environment"
FINDINGS = "findings"
APPROVAL, SCHEDULE, WINDOW, FREEZE = "approval", "schedule", "window", "freeze"
BREAKABLE = {PREVIOUS, APPROVAL, WINDOW, FREEZE}  # what break-glass opens; the others keep a database whole
WAY_THROUGH = "It runs once a reviewer has accepted the finding with a reason, or the migration or the policy is another"


@dataclass(frozen=True)
class Gate:
    """A condition of a plan. `kind` says who can open it: "fix" (the reader) or "wait" (someone or something else);
    `passed_over` that it is closed, and break-glass does not mind; `opens_at` when it will open by itself, if that is known."""

    name: str
    passed: bool
    detail: str
    kind: str = "fix"
    passed_over: bool = False
    opens_at: datetime | None = None


@dataclass(frozen=True)
class Asked:
    """One question: a plan, the job that is to run it if there is one, under which rules, and when."""

    plan: Plan
    job: Job | None
    rules: Rules
    at: datetime

    @property
    def database(self) -> Database:
        return self.plan.database

    @property
    def environment(self) -> Environment:
        return self.plan.database.environment


def of(plan: Plan, *, job: Job | None = None, break_glass: bool = False, at: datetime | None = None) -> list[Gate]:
    """Those that concern this plan, open and closed. A handful of queries, whatever the number of steps."""
    asked = Asked(plan, job, policies.rules_for(plan.database), at or timezone.now())
    found = [_reachable(asked), _no_other_job(asked)]
    if plan.command != Command.CHECK:  # it only reads
        found += [*_allowed(asked), *_findings(asked), *_single_head(asked), *_previous(asked), *_approval(asked), *_when(asked)]
    broken = break_glass or (job is not None and job.break_glass)
    return [_broken(gate) if broken and gate.name in BREAKABLE and not gate.passed else gate for gate in found]


def closed(gates: list[Gate], kind: str, *, besides: tuple[str, ...] = ()) -> list[Gate]:
    return [gate for gate in gates if not gate.passed and gate.kind == kind and gate.name not in besides]


def _broken(gate: Gate) -> Gate:
    return replace(gate, passed=True, passed_over=True, detail=f"Passed over by break-glass: {gate.detail}")


# --- the database


def _reachable(asked: Asked) -> Gate:
    database = asked.database
    passed = database.state != DatabaseState.UNREACHABLE or database.awaits_its_file
    detail = "The file is not there yet; the job creates it" if database.awaits_its_file else database.error
    return Gate(REACHABLE, passed, detail or f"{database.server or 'The database'} answers")


def _no_other_job(asked: Asked) -> Gate:
    busy = schedule.before(asked.database.pk, asked.job)
    return Gate(OTHER_JOB, busy is None, f"Job {busy.pk} comes first" if busy else "Nothing else runs or waits here", "wait")


# --- what the policy forbids


def _allowed(asked: Asked) -> Iterator[Gate]:
    rules, plan, name = asked.rules, asked.plan, asked.environment.name
    if rules.missing:
        yield Gate(POLICY, passed=False, detail=policies.denial(asked.environment))
    for rule, command in ((rules.forbid_downgrade, Command.DOWNGRADE), (rules.forbid_stamp, Command.STAMP)):
        if rule and plan.command == command:
            yield Gate(str(command), passed=False, detail=f"The policy of {name} forbids every {command}")
    if plan.command == Command.STAMP:  # it runs no migration
        return
    doubt = f"this cannot be read from the revisions ({plan.unclear})" if plan.unclear else ""
    if rules.forbid_non_atomic:
        why = plan.not_atomic_because or doubt
        yield Gate("atomic", not why, f"The policy of {name} forbids what is not all or nothing: {why}" if why else "All or nothing")
    if rules.forbid_data_loss:
        lost = [f"{step['revision']} {loss['what']} {loss['object']}" for step in plan.steps for loss in step.get("data_loss") or []]
        why = ", ".join(lost[:5]) or doubt
        yield Gate("data loss", not why, f"The policy of {name} forbids the loss of data: {why}" if why else "No data is lost")


def _findings(asked: Asked) -> Iterator[Gate]:
    """Rules that block here read the SQL too: a job waits until a worker has written it."""
    if Severity.BLOCK not in asked.rules.severities.values() or asked.plan.command == Command.STAMP or asked.rules.missing:
        return
    name = asked.environment.name
    if found := findings.blocking(asked.plan, asked.rules):
        yield Gate(FINDINGS, passed=False, detail=f"The policy of {name} refuses what was found. {_told(found)}. {WAY_THROUGH}")
    elif asked.plan.preview_state == "asked":
        detail = f"The SQL is not written yet, and rules that block in {name} read it"
        yield Gate(FINDINGS, passed=False, detail=detail, kind="wait")
    else:
        yield Gate(FINDINGS, passed=True, detail="No finding blocks")


def _told(found: list[Finding]) -> str:
    shown = [f"{one.rule} in {one.revision}: {one.what.rstrip('.')}" for one in found[:3]]
    return "; ".join(shown) + (f"; and {len(found) - 3} more" if len(found) > 3 else "")


def _single_head(asked: Asked) -> Iterator[Gate]:
    if asked.rules.require_single_head and asked.plan.snapshot:
        heads = graphs.load(asked.plan.snapshot).real_heads
        few = len(heads) < 2
        yield Gate(SINGLE_HEAD, few, "The code has one head" if few else f"The code has several heads: {', '.join(heads[:5])}. Merge them")


def _previous(asked: Asked) -> Iterator[Gate]:
    """Applied and verified where it comes from, with the same bytes; a stamp does not count."""
    if not asked.rules.require_previous or asked.plan.command != Command.UPGRADE:
        return
    first, previous = environment_before(asked.database)
    if previous is None:
        detail = f"{asked.environment.name} is the first environment" if first else "The project has no database in an earlier environment"
        yield Gate(PREVIOUS, first, detail)
        return
    missing = unproven(asked.plan, previous)
    shown = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
    detail = f"All of it has succeeded in {previous.name}"
    if missing:
        detail = f"{shown} did not succeed in {previous.name} with the files as they are now"
    yield Gate(PREVIOUS, not missing, detail)


def environment_before(database: Database) -> tuple[bool, Environment | None]:
    """Whether there is none before at all, and the nearest before in which the project has a database."""
    ordered = list(Environment.objects.order_by("position", "slug"))
    earlier = ordered[: next(place for place, stage in enumerate(ordered) if stage.pk == database.environment_id)]
    used = set(Database.objects.filter(project=database.project_id).values_list("environment_id", flat=True))
    return not earlier, next((stage for stage in reversed(earlier) if stage.pk in used), None)


def unproven(plan: Plan, previous: Environment) -> list[str]:
    """The plan's revisions whose upgrade has not succeeded there with the same content. One query."""
    wanted = {step["revision"]: step.get("checksum") or "" for step in plan.steps}
    told = Step.objects.filter(
        job__database__project=plan.database.project_id, job__database__environment=previous, job__status=JobStatus.SUCCEEDED,
        direction="upgrade", status=StepStatus.SUCCEEDED, checksum__in=[checksum for checksum in wanted.values() if checksum],
    )  # fmt: skip
    proven = set(told.values_list("revision", "checksum"))
    return [revision for revision, checksum in wanted.items() if (revision, checksum) not in proven]


# --- what it waits for


def _approval(asked: Asked) -> Iterator[Gate]:
    needed = asked.rules.approvals
    if not needed or asked.rules.missing:
        return
    if asked.job is None:
        detail = f"{asked.environment.name} needs {approvals.needed(asked.rules)}, not from the one who asks"
        yield Gate(APPROVAL, passed=False, detail=detail, kind="wait")
        return
    count = approvals.tally(asked.job, asked.rules, asked.at)
    yield Gate(APPROVAL, count.enough, count.sentence, "wait")


def _when(asked: Asked) -> Iterator[Gate]:
    job, opening = asked.job, windows.window(asked.rules, asked.at)
    if job is not None and job.not_before is not None:
        detail = f"It runs at {job.not_before:%Y-%m-%d %H:%M} UTC at the earliest"
        yield Gate(SCHEDULE, job.not_before <= asked.at, detail, "wait", opens_at=job.not_before)
    if asked.rules.windows:
        yield Gate(WINDOW, opening.open, opening.sentence, "wait", opens_at=opening.opens_at)
    if sentence := windows.frozen(asked.environment, asked.at):
        yield Gate(FREEZE, passed=False, detail=sentence, kind="wait", opens_at=asked.environment.frozen_until)
