"""The worker's side of a push: the code is fetched anew, the proposal has to fit it still, then a branch is made."""

import hashlib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from audit.services import record
from config.doorbell import ring
from config.errors import Refused
from jobs.proposals import outlook, patches, pulls, telling
from jobs.proposals.making import problem
from jobs.proposals.standing import standing
from migrations_store import branches, credentials, remotes
from migrations_store import graph as graphs
from migrations_store import services as store
from migrations_store.branches import Change, Commit
from migrations_store.errors import PushRefused
from migrations_store.graph import Graph
from migrations_store.models import Proposal, ProposalPush, Snapshot

TASK = "jobs.tasks.push_proposal"
VANISHED = "The worker that pushed it has vanished. Look whether the branch is there; if it is not, push again."
NEXT = "Make the proposal again from the code as it is now, have it approved, then push that."


def deliver(push_id: int) -> None:
    """Pushes one that waits. It is never tried twice: whoever asked reads why it failed, and asks again."""
    if not ProposalPush.objects.filter(pk=push_id, status=ProposalPush.Status.QUEUED).update(
        status=ProposalPush.Status.RUNNING, started_at=Now()
    ):
        return
    push = ProposalPush.objects.select_related("proposal__project", "version__proposal__project", "by").get(pk=push_id)
    try:
        snapshot = store.take_snapshot(push.proposal.project)
        push.base, push.commit = snapshot.commit, _pushed(push, snapshot)
    except Refused as refused:
        _failed(push, problem(refused.code, refused.title, str(refused)))
    else:
        _done(push)


def sweep() -> None:
    """What still waits is rung for, and what nobody pushes any more has failed."""
    limit = timezone.now() - timedelta(seconds=8 * settings.GIT_TIMEOUT + 60)
    for lost in ProposalPush.objects.filter(status=ProposalPush.Status.RUNNING, started_at__lt=limit).select_related("proposal", "by"):
        _failed(lost, problem("worker_lost", "It was not finished", VANISHED))
    for id in ProposalPush.objects.filter(status=ProposalPush.Status.QUEUED).order_by("pk").values_list("pk", flat=True)[:10]:
        ring(TASK, id)


def _pushed(push: ProposalPush, snapshot: Snapshot) -> str:
    _require_allowed(push)
    project, files = push.proposal.project, push.version.files
    _require_fit(push.proposal, files, graphs.load(snapshot))
    changes = [Change(patches.path_of(push.version, file), file["python"], file.get("replaces")) for file in files]
    message = f"{patches.subject_of(push.version)}\n\n{patches.body_of(push.version)}\n"
    commit = Commit(snapshot.commit, message, push.author_name, push.author_email)
    return branches.push(remotes.parse(project.source_url), push.branch, changes, commit, credentials.opened(project))


def _require_allowed(push: ProposalPush) -> None:
    """What was asked for minutes ago is looked at again: a word may have been taken back, or there is a newer version."""
    newest = push.proposal.versions.order_by("-number").first()
    if newest is None or newest.pk != push.version_id or push.proposal.status != Proposal.Status.OPEN:
        raise PushRefused("The proposal has changed since this was asked for. Nothing was pushed.")
    stands = standing(push.proposal)
    if not stands.is_approved:
        raise PushRefused(f"It is not approved any more: {stands.sentence} Nothing was pushed.")


def _require_fit(proposal: Proposal, files: list[dict[str, Any]], graph: Graph) -> None:
    """On the code as it was fetched just now, the files have to mean what they meant when they were reviewed."""
    own = {file["revision"] for file in files}
    may_fork = bool(proposal.options.get("splice"))
    for file in files:
        known = graph.revisions.get(file["revision"])
        if file.get("replaces") is None and known:
            raise PushRefused(f"Revision {file['revision']} is in the code already, in {known.path}. Nothing was pushed. {NEXT}")
        if file.get("replaces") is not None and (known is None or known.sha256 != _digest(file["replaces"])):
            raise PushRefused(f"{file['path']} has changed in the repository. Nothing was pushed. {NEXT}")
        moved = [parent for parent in file["down_revisions"] if parent not in graph.heads and parent not in own]
        if moved and not may_fork:
            raise PushRefused(
                f"{', '.join(moved)} is no head of the code any more: {_successors(graph, moved)}. Nothing was pushed. {NEXT}"
            )
    known_faults = {fault.message for fault in graph.faults}
    if new := [fault.message for fault in outlook.after(graph, files).faults if fault.message not in known_faults]:
        raise PushRefused(f"With it the code would be at fault: {new[0]} Nothing was pushed. {NEXT}")


def _successors(graph: Graph, moved: list[str]) -> str:
    after = [node.revision for node in graph.revisions.values() if set(node.down_revisions) & set(moved)]
    return f"{', '.join(after[:3])} came after it" if after else "it is not there"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _done(push: ProposalPush) -> None:
    push.url = pulls.address(push.proposal.project, push.branch)
    with transaction.atomic():
        running = ProposalPush.objects.filter(pk=push.pk, status=ProposalPush.Status.RUNNING)
        facts = {"base": push.base, "commit": push.commit, "url": push.url}
        if running.update(status=ProposalPush.Status.DONE, finished_at=Now(), error=None, **facts):
            record("worker", "proposal.push_finish", str(push.proposal), status="done", branch=push.branch, **facts)
            telling.pushed(push, "")


def _failed(push: ProposalPush, error: dict[str, Any]) -> None:
    with transaction.atomic():
        running = ProposalPush.objects.filter(pk=push.pk, status=ProposalPush.Status.RUNNING)
        if running.update(status=ProposalPush.Status.FAILED, finished_at=Now(), error=error):
            record("worker", "proposal.push_finish", str(push.proposal), status="failed", branch=push.branch, error=error["code"])
            telling.pushed(push, str(error["why"]))
