"""What becomes of a run: a version that is kept, or an error that is told."""

import hashlib
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from audit.services import record
from jobs.proposals import findings, telling
from migrations_store.models import Proposal, ProposalVersion


def keep(proposal: Proposal, version: ProposalVersion) -> None:
    """The version, the outcome and the audit entry in one transaction; nothing if the proposal was given up meanwhile."""
    status = resting(proposal, version)
    findings.look_at_sql(version)
    with transaction.atomic():
        running = Proposal.objects.filter(pk=proposal.pk, status=Proposal.Status.RUNNING)
        if not running.update(status=status, summary=summary(version), error=None, draft=None, finished_at=Now()):
            return
        version.number = (proposal.versions.aggregate(last=Max("number"))["last"] or 0) + 1
        version.save()
        record(
            "worker", "proposal.finish", str(proposal), database=proposal.against, status=status.value, origin=version.origin,
            version=version.number, checksum=version.checksum, changes=len(version.changes),
        )  # fmt: skip
        if status == Proposal.Status.OPEN:
            telling.review_wanted(proposal, version)


def failed(proposal: Proposal, error: dict[str, Any]) -> None:
    """Where it was to become another version only, it stays as it was, with the draft and the reason."""
    newest = proposal.versions.order_by("-number").first() if proposal.draft else None
    status = resting(proposal, newest)
    with transaction.atomic():
        running = Proposal.objects.filter(pk=proposal.pk, status=Proposal.Status.RUNNING)
        if running.update(status=status, error=error, finished_at=Now()):
            record("worker", "proposal.finish", str(proposal), database=proposal.against, status="failed", error=error["code"])


def resting(proposal: Proposal, version: ProposalVersion | None) -> Proposal.Status:
    """Where a proposal with this newest version stands when nothing is done with it."""
    if version is None:
        return Proposal.Status.FAILED
    has_content = version.changes or proposal.kind != Proposal.Kind.AUTOGENERATE or version.origin == ProposalVersion.Origin.EDITED
    return Proposal.Status.OPEN if has_content else Proposal.Status.EMPTY


def checksum(files: list[dict[str, Any]]) -> str:
    return hashlib.sha256("\0".join(file["python"] for file in files).encode()).hexdigest()


def summary(version: ProposalVersion) -> dict[str, int]:
    counts = {what: sum(1 for entry in version.changes if entry["what"] == what) for what in ("added", "removed", "changed")}
    losses = sum(1 for entry in version.changes if entry["data_loss"])
    return counts | {"data_loss": losses, "red_flags": len(version.red_flags)}
