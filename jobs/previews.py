"""The SQL of a plan, written by Alembic's offline mode in a child process that may open no connection and knows no password."""

from typing import Any

from django.conf import settings

from config.doorbell import ring
from environments import counts
from jobs import confirmation, findings, gates, spec, supervisor
from jobs.models import Job, JobStatus, Plan

TOO_LONG = "The preview took longer than {seconds} s and was stopped. The plan itself is complete."


def write_preview(plan_id: int) -> None:
    """Fills the plan's preview once; a plan that has one is left alone."""
    related = Plan.objects.select_related("database__project", "database__environment", "snapshot")
    plan = related.filter(pk=plan_id, preview_state="asked").first()
    if plan is None or plan.snapshot is None:
        return
    document = spec.build(plan, plan.snapshot, password=None) | {"command": "preview", "preview_direction": plan.command}
    written: dict[str, dict[str, Any]] = {}
    errors: list[str] = []

    def on_event(event: dict[str, Any]) -> None:
        if event.get("event") == "preview":
            written.update({step["revision"]: {"sql": step["sql"], "sql_unavailable": step["sql_unavailable"]} for step in event["steps"]})
        elif event.get("event") == "error":
            errors.append(sentence(event))

    end = supervisor.run(document, spec.interpreter(plan.database.project), on_event=on_event, timeout=settings.PREVIEW_TIMEOUT)
    nothing = {"sql": None, "sql_unavailable": reason(end, errors)}
    missing = {step["revision"]: nothing for step in plan.steps}
    preview = _with_findings(plan, missing | written)
    Plan.objects.filter(pk=plan_id, preview_state="asked").update(preview_state="ready", preview=preview, rows=_rows(plan))
    _wake(plan_id)


def _rows(plan: Plan) -> dict[str, Any]:
    """Asked only where something is destroyed, by a reading connection of our own."""
    tables = confirmation.tables_of_losses(plan)
    return counts.rows_of(plan.database, tables) if tables else {}


def sweep() -> None:
    """Jobs that wait for the SQL of their plan get it also when the worker that wrote it has vanished."""
    waiting = Plan.objects.filter(preview_state="asked", jobs__status=JobStatus.QUEUED, jobs__held__gate=gates.FINDINGS)
    for plan_id in waiting.values_list("pk", flat=True).distinct():
        ring("jobs.tasks.preview_plan", plan_id)


def _wake(plan_id: int) -> None:
    """Its jobs that waited for this are looked at again at once."""
    waiting = Job.objects.filter(plan=plan_id, status=JobStatus.QUEUED, held__gate=gates.FINDINGS)
    for job_id in waiting.values_list("pk", flat=True):
        Job.objects.filter(pk=job_id, status=JobStatus.QUEUED).update(held_until=None)
        ring("jobs.tasks.run_job", job_id)


def _with_findings(plan: Plan, written: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the SQL shows is kept beside it; where squawk said nothing, why."""
    found, silent = findings.of_sql(plan, written)
    return {revision: entry | {"findings": found.get(revision, []), "unasked": silent} for revision, entry in written.items()}


def sentence(event: dict[str, Any]) -> str:
    """Of an error that the runner tells."""
    told = str(event.get("message") or event.get("type") or "unknown")[:500]
    return told if event.get("code") == "plan_changed" else f"The project's env.py could not write SQL offline: {told}"


def reason(end: supervisor.Exit, errors: list[str]) -> str:
    if end.timed_out:
        return TOO_LONG.format(seconds=settings.PREVIEW_TIMEOUT)
    if errors:
        return errors[0]
    return "The project's env.py ended without writing SQL."
