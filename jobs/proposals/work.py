"""The worker's side of a proposal: the runner compares, and what it tells is kept as a version."""

import hashlib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now
from django.utils import timezone

from audit.services import record
from config.doorbell import ring
from config.errors import Refused
from environments import policies, secrets, version_table
from environments.errors import Unreachable
from environments.models import Database
from jobs import explanations, spec, supervisor
from jobs.models import Plan
from jobs.proposals import scratch
from migrations_store import differences
from migrations_store import services as store
from migrations_store.models import Proposal, ProposalVersion, Snapshot

TASK = "jobs.tasks.generate_proposal"
VANISHED = "The worker that made it has vanished. Nothing was written anywhere; make it again."
SHOWN_TAIL = 200


class NotMade(Exception):
    """Why there is no proposal, as the document that people are shown."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error.get("why"))
        self.error = error


def generate(proposal_id: int) -> None:
    """Makes one proposal that waits; one at a time, so that readings find a free worker too."""
    if Proposal.objects.filter(status=Proposal.Status.RUNNING).exclude(pk=proposal_id).exists():
        return
    waiting = Proposal.objects.filter(pk=proposal_id, status=Proposal.Status.QUEUED)
    if not waiting.update(status=Proposal.Status.RUNNING, started_at=Now()):
        return
    related = Proposal.objects.select_related("database__project", "database__environment", "requested_by")
    proposal = related.get(pk=proposal_id)
    try:
        Making(proposal).run()
    except NotMade as refused:
        _failed(proposal, refused.error)
    except Refused as refused:
        _failed(proposal, _error(refused.code, refused.title, str(refused)))
    finally:
        ring_next()


def sweep() -> None:
    """What still waits is rung for, and what nobody makes any more has failed."""
    limit = timezone.now() - timedelta(seconds=2 * settings.PROPOSAL_TIMEOUT + 60)
    for lost in Proposal.objects.filter(status=Proposal.Status.RUNNING, started_at__lt=limit):
        _failed(lost, _error("worker_lost", "It was not finished", VANISHED))
    ring_next()


def ring_next() -> None:
    first = Proposal.objects.filter(status=Proposal.Status.QUEUED).order_by("pk").values_list("pk", flat=True).first()
    if first is not None:
        ring(TASK, first)


class Making:
    """One run. The database is opened by the runner alone, which forbids the session every change."""

    def __init__(self, proposal: Proposal) -> None:
        if proposal.database is None:
            raise NotMade(_error("database_gone", "The database is gone", f"The connection profile of {proposal.against} was deleted."))
        self.proposal, self.database = proposal, proposal.database
        self.snapshot = store.refresh_if_directory(self.database.project)
        self.password = secrets.decrypt(self.database) if self.database.secret else ""
        self.told: dict[str, Any] = {}
        self.tail: list[str] = []

    def run(self) -> None:
        if self.proposal.scratch:
            with scratch.database_like(self.database) as other:
                self._launch(scratch.replay(other, self.snapshot) | self._limits(), "The revisions could not be replayed on scratch")
                self._propose(other, scratch.identity(other))
        else:
            self._propose(self.database, self._identity())
        self._keep()

    def _identity(self) -> dict[str, Any]:
        """Asked on a connection of our own: the runner compares its connections with it."""
        try:
            return version_table.read(self.database).identity
        except Unreachable as error:
            raise NotMade(self._explained({"code": error.code, "message": str(error)}, supervisor.Exit.never_started())) from None

    def _propose(self, database: Database, identity: dict[str, Any]) -> None:
        plan = Plan(database=database, snapshot=self.snapshot, command="propose", steps=[], from_heads=[], to_heads=[])
        asked = {"message": self.proposal.message, "revision_id": self.proposal.revision_id} | self._options()
        document = spec.build(plan, self.snapshot, password=self.password) | self._limits()
        self._launch(document | {"identity": identity, "proposal": asked}, "")
        if "files" not in self.told:
            raise NotMade(_error("no_proposal", "Nothing was proposed", "The project's env.py ended without comparing anything."))

    def _options(self) -> dict[str, Any]:
        options = dict(self.proposal.options)
        if path := options.get("version_path"):
            options["version_path"] = f"{self.snapshot.root}/{path}"
        return options

    def _limits(self) -> dict[str, Any]:
        rules = policies.rules_for(self.database)
        return {
            "lock_timeout": rules.lock_timeout,
            "statement_timeout": rules.statement_timeout or settings.PROPOSAL_TIMEOUT,
            "allow_poolers": settings.ALLOW_POOLERS,
            "application_name": f"alembic-dashboard proposal {self.proposal.pk}",
        }

    def _launch(self, document: spec.Spec, before: str) -> None:
        """Raises NotMade with the first error that the runner told, in the words of the catalogue."""
        end = supervisor.run(
            document, spec.interpreter(self.database.project), on_event=self._on_event, on_line=self._on_line, on_tick=_nothing,
            should_stop=_never, timeout=settings.PROPOSAL_TIMEOUT, secrets=[self.password] if self.password else [],
        )  # fmt: skip
        if end.closed and end.returncode == 0:
            return
        error = self._explained(end.error, end)
        raise NotMade(error | {"why": f"{before}: {error['why']}"} if before else error)

    def _on_event(self, event: dict[str, Any]) -> None:
        if event.get("event") == "proposal":
            self.told = event

    def _on_line(self, _stream: str, text: str, _at: Any) -> None:
        self.tail = [*self.tail[-SHOWN_TAIL:], text]

    def _explained(self, error: dict[str, Any] | None, end: supervisor.Exit) -> dict[str, Any]:
        told = explanations.explain(error, end, "\n".join(self.tail), place=self.proposal.against, database_state="unchanged")
        if (error or {}).get("code") == "not_up_to_date":
            told["next"] = ["Upgrade the database to head first, then make the proposal again.", *self._around()]
        return told

    def _around(self) -> list[str]:
        is_sqlite = self.database.driver.startswith("sqlite")
        return ["Or compare with a scratch database, to which all revisions are applied first."] if is_sqlite else []

    def _keep(self) -> None:
        """The version, the outcome and the audit entry in one transaction; nothing if the proposal was given up meanwhile."""
        version = _version(self.proposal, self.snapshot, self.told)
        status = Proposal.Status.OPEN if version.changes else Proposal.Status.EMPTY
        with transaction.atomic():
            running = Proposal.objects.filter(pk=self.proposal.pk, status=Proposal.Status.RUNNING)
            if not running.update(status=status, summary=_summary(version), error=None, finished_at=Now()):
                return
            version.number = (self.proposal.versions.aggregate(last=Max("number"))["last"] or 0) + 1
            version.save()
            record(
                "worker", "proposal.finish", str(self.proposal), database=self.proposal.against, status=status.value,
                version=version.number, checksum=version.checksum, changes=len(version.changes),
            )  # fmt: skip


def _version(proposal: Proposal, snapshot: Snapshot, told: dict[str, Any]) -> ProposalVersion:
    facts = told["facts"]
    files = [_below_root(file, snapshot.root) for file in told["files"]]
    operations = [operation for file in files for operation in file["operations"]]
    entries = differences.structured(operations, str(facts.get("dialect", "")))
    return ProposalVersion(
        proposal=proposal,
        snapshot=snapshot,
        heads=facts.get("heads", []),
        files=files,
        facts=facts,
        changes=[entry.shown() for entry in entries],
        red_flags=differences.red_flags(facts, entries),
        blind_spots=differences.blind_spots(facts),
        checksum=hashlib.sha256("\0".join(file["python"] for file in files).encode()).hexdigest(),
    )


def _below_root(file: dict[str, Any], root: str) -> dict[str, Any]:
    """Where the file would lie, seen from the source's root."""
    return file | {"path": file["path"].removeprefix(root.rstrip("/") + "/")}


def _summary(version: ProposalVersion) -> dict[str, int]:
    counts = {what: sum(1 for entry in version.changes if entry["what"] == what) for what in ("added", "removed", "changed")}
    losses = sum(1 for entry in version.changes if entry["data_loss"])
    return counts | {"data_loss": losses, "red_flags": len(version.red_flags)}


def _failed(proposal: Proposal, error: dict[str, Any]) -> None:
    with transaction.atomic():
        running = Proposal.objects.filter(pk=proposal.pk, status=Proposal.Status.RUNNING)
        if running.update(status=Proposal.Status.FAILED, error=error, finished_at=Now()):
            record("worker", "proposal.finish", str(proposal), database=proposal.against, status="failed", error=error["code"])


def _error(code: str, title: str, why: str) -> dict[str, Any]:
    return {"code": code, "title": title, "why": why, "next": [], "detail": {}}


def _nothing() -> None:
    """A proposal's row needs no sign of life: it has a time limit."""


def _never() -> bool:
    return False
