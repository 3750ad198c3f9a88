"""The worker's side of a job: claim, look at the plan again, run, verify, finish. It never calls services."""

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from audit.services import record
from config.doorbell import ring
from environments import policies, secrets, version_table
from environments import services as environment_services
from environments.errors import Unreachable
from environments.policies import Rules
from environments.version_table import Reading
from environments.watcher import Seen
from jobs import aftermath, backup, explanations, preflight, reaper, sayings, schedule, spec, supervisor, telling, verdict
from jobs.claims import claim
from jobs.drift import comparisons
from jobs.errors import PlanStale
from jobs.facts import Live
from jobs.models import FINAL, Command, Comparison, Job, JobStatus, OutcomeState, StepStatus
from jobs.recorder import Recorder
from jobs.watch import Watch
from migrations_store import graph as graphs
from migrations_store.findings.reading import changes_of
from migrations_store.models import Snapshot

logger = logging.getLogger(__name__)
TAIL_LINES = 200


def execute(job_id: int) -> None:
    """Runs the job if it is its turn; a ring for a job that runs, waits for another or has ended does nothing."""
    job = claim(job_id)
    if job is None:
        return
    try:
        Execution(job).run()
    except Exception:  # the boundary of the worker's side: whatever broke here, the job gets a true end
        logger.exception("job %s: the dashboard's own side broke", job_id)
        reaper.take_over(job_id, "The dashboard itself failed while it ran this job; its own log has the details.")
    finally:
        schedule.ring_next(job.database_id)
        if job.promotion_id:
            ring("jobs.tasks.advance_promotion", job.promotion_id)


@dataclass
class Start:
    """What the database was when the job began."""

    heads: list[str]
    identity: dict[str, Any]
    fingerprint: str


class Execution:
    """One claimed job, from its start to its verdict."""

    def __init__(self, job: Job) -> None:
        self.job, self.plan, self.database = job, job.plan, job.database
        self.plan.database = self.database
        snapshot = self.plan.snapshot
        if snapshot is None:
            raise PlanStale("The snapshot of this plan was deleted.")
        self.snapshot: Snapshot = snapshot
        self.recorder = Recorder(job)
        self.error: dict[str, Any] | None = None
        self.changes: list[Any] | None = None
        self.comparison: Comparison | None = None
        self.reading: Reading | Unreachable | None = None
        self.launched = False
        self.tables: list[tuple[str, str]] = []  # schema and name of each version table that env.py has worked with
        self.watch: Watch | None = None

    def run(self) -> None:
        """Every way through ends in `finish`, so that no job stays running while its worker lives."""
        self.recorder.say(f"{self.job.get_command_display()} {self.database}: {self._route()}")
        if refusal := preflight.refusal(self.job, self.plan):
            self.refuse(*refusal)
            return
        start = self._look()
        if start is None:
            return
        elsewhere = preflight.elsewhere(self.plan, Live(start.heads, start.identity), absent=start.fingerprint == verdict.ABSENT)
        if elsewhere:
            self.refuse(*elsewhere, heads=start.heads)
        elif start.heads != sorted(self.plan.from_heads):
            self._other_start(start)
        elif not self.plan.steps and self.plan.command != Command.CHECK:
            self.recorder.say("Nothing to do: the database already has every planned revision.")
            self.finish(JobStatus.SUCCEEDED, OutcomeState.AT_TARGET, start.heads)
        else:
            self._migrate(start)

    # --- before

    def _look(self) -> Start | None:
        """The first reading; a database that cannot be read ends the job before anything was touched."""
        try:
            reading = version_table.read(self.database)
        except Unreachable as error:
            if error.code == "database_missing" and self.database.create_if_missing:
                self.recorder.say("The file is not there yet; it will be created.")
                self._keep_fingerprint(verdict.ABSENT)
                return Start([], {"dialect": "sqlite", "path": os.path.realpath(self.database.database)}, verdict.ABSENT)
            self.refuse(error.code, str(error))
            return None
        self.reading = reading
        self.recorder.insist(lambda: environment_services.apply_reading(self.database, reading, Seen.BEFORE_JOB))
        self._keep_fingerprint(reading.fingerprint)
        self.recorder.say(f"{reading.server} answered in {reading.latency_ms:.0f} ms; it is at {sayings.shown(verdict.heads_of(reading))}.")
        return Start(verdict.heads_of(reading), reading.identity, reading.fingerprint)

    def _keep_fingerprint(self, fingerprint: str) -> None:
        """Whoever takes the job over compares with it, so it has to be there before anything is touched."""
        self.recorder.insist(lambda: self.recorder.write_now(fingerprint_before=fingerprint))

    def _other_start(self, start: Start) -> None:
        """Another job or a person moved the database since the plan was made."""
        if start.heads == sorted(self.plan.to_heads) and self.plan.command != Command.CHECK:
            self.recorder.say(f"Nothing left to do: the database is at {sayings.shown(start.heads)} already.")
            self.finish(JobStatus.SUCCEEDED, OutcomeState.AT_TARGET, start.heads, steps=self.job.steps.all().delete)
            return
        self.refuse(*preflight.moved(self.plan, start.heads), heads=start.heads)

    # --- during

    def _migrate(self, start: Start) -> None:
        password = secrets.decrypt(self.database) if self.database.secret else ""
        rules = policies.rules_for(self.database)
        if not self._is_backed_up(rules, password, start):
            return
        document = spec.with_target(
            spec.build(self.plan, self.snapshot, password=password),
            identity=start.identity,
            search_path=self.reading.search_path if isinstance(self.reading, Reading) else [],
            job_id=self.job.pk,
            lock_timeout=rules.lock_timeout,
            statement_timeout=rules.statement_timeout,
        )
        self.watch = Watch(self.database, self.recorder, spec.application_name(self.job.pk), document["lock_key"], rules.lock_timeout)
        self.launched = True
        end = supervisor.run(
            document,
            spec.interpreter(self.database.project),
            on_event=self.on_event,
            on_line=self.recorder.line,
            on_tick=self.tick,
            should_stop=self.recorder.should_stop,
            timeout=settings.JOB_TIMEOUT,
            silence=settings.JOB_SILENCE,
            secrets=[password] if password else [],
        )
        self._conclude(start, end)

    def _is_backed_up(self, rules: Rules, password: str, start: Start) -> bool:
        """Also where the policy asks for no backup. Without the one that it asks for the job has ended."""
        if not rules.backup_command or self.plan.command not in (Command.UPGRADE, Command.DOWNGRADE):
            return True
        result = backup.run(self.job, rules, self.recorder, password)
        if result.kept is not None:
            self.recorder.insist(lambda: self.recorder.write_now(backup=result.kept))
        elif result.canceled:
            self.recorder.say(result.why)
            self.finish(JobStatus.CANCELED, OutcomeState.UNCHANGED, start.heads)
        else:
            self.refuse("backup_failed", result.why, heads=start.heads)
        return result.kept is not None

    def tick(self) -> None:
        self.recorder.tick()
        if self.watch:
            self.watch.tick()

    def on_event(self, event: dict[str, Any]) -> None:
        """What the runner reports while it works; most of it is also a line of the log."""
        kind = event.get("event")
        if self.watch:
            self.watch.hear(event)
        if kind in ("step_started", "step_finished") and not 1 <= event["position"] <= len(self.plan.steps):
            return  # not from the runner
        if kind == "step_started":
            self.recorder.flush()
            self.recorder.step_started(event["position"])
            self.recorder.line("step", f"Step {event['position']} of {len(self.plan.steps)}: {event['revision']}")
        elif kind == "step_finished":
            self.recorder.step_finished(event["position"], event["duration_ms"])
        elif kind == "context":
            self.tables.append((str(event.get("version_table_schema") or ""), str(event.get("version_table") or "")))
            self.recorder.say(sayings.of_event(event))
        elif kind == "sql":
            self.recorder.line("sql", str(event.get("text", "")))
        elif kind == "error":
            self.error = self.error or event
        elif kind == "changes":
            self.changes, self.comparison = event["changes"], comparisons.read(self.job, event)
        elif sentence := sayings.of_event(event):
            self.recorder.say(sentence)

    # --- after

    def _conclude(self, start: Start, end: supervisor.Exit) -> None:
        if self.recorder.lost:
            logger.warning("job %s was taken over while it ran; its worker writes nothing more", self.job.pk)
            return
        self.recorder.say("Reading the database on a fresh connection.")
        before, reading = self.reading, verdict.read_after(self.database, spec.application_name(self.job.pk))
        self.reading = reading
        if isinstance(reading, Unreachable):
            self.recorder.say(f"It could not be read: {reading}")
        canceled = end.stopped and self.recorder.cancel_asked
        found = verdict.judge(
            self.plan, end, reading, fingerprint_before=start.fingerprint, canceled=canceled, has_changes=self.changes is not None
        )
        applied = verdict.effective(self.plan, graphs.load(self.snapshot), found.heads)
        explain = found.status not in (JobStatus.SUCCEEDED, JobStatus.CANCELED)
        error = self.recorder.insist(lambda: self._explained(end, found)) if explain else None
        failed = found.status != JobStatus.SUCCEEDED
        error = self._indexes(before, reading, error, failed=failed)
        steps = partial(self.recorder.steps_ended, applied, failed=failed)
        self.finish(found.status, found.database_state, found.heads, error=error, steps=steps)

    def _indexes(
        self, before: Reading | Unreachable | None, after: Reading | Unreachable, error: dict[str, Any] | None, *, failed: bool
    ) -> dict[str, Any] | None:
        """Says which indexes are not finished; the error of a failed job has those that it left, or that broke it."""
        if unfinished := aftermath.left_invalid(before, after):
            self.recorder.say(aftermath.INVALID.format(names=", ".join(unfinished)))
            error = aftermath.with_invalid(error, unfinished) if failed else None
        if standing := aftermath.still_invalid(before, after):
            self.recorder.say(aftermath.STANDING.format(names=", ".join(standing)))
            error = aftermath.with_invalid(error, aftermath.in_the_way(error, standing), aftermath.STANDING)
        return error

    def _explained(self, end: supervisor.Exit, found: verdict.Verdict) -> dict[str, Any]:
        self.recorder.flush()
        tail = "\n".join(line[3] for chunk in self.job.log_chunks.order_by("-first_seq")[:3] for line in chunk.lines[-TAIL_LINES:])
        blocked = self.watch.seen_lately if self.watch else None
        state = str(found.database_state)
        error = aftermath.version_elsewhere(self.error, end, self.database, self.tables) or self.error
        return explanations.explain(
            error, end, tail, place=str(self.database), database_state=state, begun=self._has_begun(), blocked=blocked,
            first_of_all=self._broke_at_the_beginning(),
        )  # fmt: skip

    def _has_begun(self) -> bool:
        """Whether a revision had begun to run."""
        return self.plan.command != Command.STAMP and self.job.steps.filter(started_at__isnull=False).exists()

    def _broke_at_the_beginning(self) -> bool:
        """Before any revision did something: histories often begin with one that is empty, for what the project made without Alembic."""
        if self.plan.command != Command.UPGRADE or self.plan.from_heads:
            return False
        steps = [step["revision"] for step in self.plan.steps]
        broken = (self.error or {}).get("step")
        if broken not in steps:
            return False
        before = steps[: steps.index(broken)]  # one at a time: mostly the first already does something
        return not any(changes_of(self.snapshot, [(revision, "upgrade")])[0].does_something for revision in before)

    def refuse(self, code: str, why: str, heads: list[str] | None = None) -> None:
        """Ends a job that has not touched its database."""
        error = {"event": "error", "code": code, "message": why}
        end = supervisor.Exit.never_started()
        explained = explanations.explain(error, end, "", place=str(self.database), database_state=OutcomeState.UNCHANGED.value)
        self.finish(JobStatus.FAILED, OutcomeState.UNCHANGED, heads, error=explained)

    def finish(
        self,
        status: JobStatus,
        database_state: OutcomeState,
        heads: list[str] | None,
        *,
        error: dict[str, Any] | None = None,
        steps: Callable[[], Any] | None = None,
    ) -> None:
        """Writes the database's new state, then the outcome, the steps and the audit entry in one transaction, if the fence still holds.

        The state comes first: whoever sees that the job has ended must not be shown a plan from the old state. A store that is away
        is waited for; an attempt whose answer was lost is found by the next, which then has nothing left to write.
        """
        if self.reading is not None:
            reading = self.reading
            self.recorder.insist(lambda: environment_services.apply_reading(self.database, reading, self._seen()))
        self.recorder.say(sayings.closing(status, database_state, heads))
        self.recorder.insist(self.recorder.flush_all)
        ended: dict[str, Any] = {"finished_at": Now()} if status in FINAL else {}
        row = ended | {"status": status, "database_state": database_state, "heads_after": heads, "error": error, "changes": self.changes}
        self.recorder.insist(lambda: self._write_end(row, steps or self._skip_steps))

    def _seen(self) -> Seen:
        """A movement is this job's doing only if its runner began to work: not if it found another start under the lock. An env.py that
        runs the migrations for several schemas may find that in the second, when the first has moved."""
        refused = (self.error or {}).get("code") == "plan_changed" and not self._has_begun()
        return Seen.AFTER_JOB if self.launched and not refused else Seen.BEFORE_JOB

    @transaction.atomic
    def _write_end(self, row: dict[str, Any], steps: Callable[[], Any]) -> None:
        if not self.recorder.write_now(**row):
            return
        steps()
        if self.comparison and row["status"] == JobStatus.SUCCEEDED:
            comparisons.keep(self.comparison)
        record(
            "worker", "job.finish" if row["status"] in FINAL else "job.unknown", f"job {self.job.pk}", database=str(self.database),
            status=row["status"].value, database_state=row["database_state"].value, heads_after=row["heads_after"],
            error=(row["error"] or {}).get("code"),
        )  # fmt: skip
        telling.ended(self.job, row["status"], row["database_state"])

    def _skip_steps(self) -> None:
        self.job.steps.filter(status=StepStatus.PENDING).update(status=StepStatus.SKIPPED)

    def _route(self) -> str:
        count = len(self.plan.steps)
        return f"{sayings.shown(self.plan.from_heads)} to {sayings.shown(self.plan.to_heads)}, {count} step{'' if count == 1 else 's'}"
