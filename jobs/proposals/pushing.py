"""Asking for a proposal to be pushed as a new branch. A worker does it: jobs.proposals.delivering."""

import re

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import User
from accounts.permissions import Action
from audit.services import record
from config.doorbell import ring
from config.errors import Conflict, Invalid
from jobs.proposals import access
from jobs.proposals.patches import email_of
from jobs.proposals.standing import standing
from migrations_store import credentials, remotes
from migrations_store.errors import SourceError
from migrations_store.models import Proposal, ProposalPush, ProposalVersion, SourceKind

TASK = "jobs.tasks.push_proposal"
PREFIX = "alembic/"
UNDER_WAY = (ProposalPush.Status.QUEUED, ProposalPush.Status.RUNNING)
LONGEST_SLUG = 40
LONGEST_NAME = 200


def request_push(proposal: Proposal, *, user: User, branch: str = "", name: str = "", email: str = "") -> ProposalPush:
    """The newest version, as a commit of `name` on a new branch of the project's git source; empty for the usual ones.

    Conflict with a sentence unless it is open and approved, and the source is a repository for which there are credentials.
    """
    access.require(user, Action.CHECK, proposal)
    with transaction.atomic():
        Proposal.objects.select_for_update().get(pk=proposal.pk)
        version = proposal.versions.order_by("-number").first()
        if reason := obstacle(proposal, version):
            raise Conflict(f"{reason} Nothing was pushed.")
        assert version
        push = ProposalPush(proposal=proposal, version=version, by=user, branch=_branch(branch or default_branch(version)))
        push.author_name, push.author_email = _author(user, name, email)
        push.save()
        record(
            user.username, "proposal.push", str(proposal), project=proposal.project.slug, version=version.number,
            branch=push.branch, checksum=version.checksum, author=f"{push.author_name} <{push.author_email}>",
        )  # fmt: skip
        transaction.on_commit(lambda: ring(TASK, push.pk))
    return push


def obstacle(proposal: Proposal, version: ProposalVersion | None) -> str:
    """Why the newest version cannot be pushed now, as a sentence; "" where it can."""
    if version is None or not version.files:
        return "There is no file to push yet."
    if proposal.status != Proposal.Status.OPEN:
        return f"Only an open proposal can be pushed; this one is {proposal.get_status_display().lower()}."
    if reason := no_way(proposal):
        return reason
    stands = standing(proposal)
    if stands.state != "approved":
        return f"It is not approved: {stands.sentence}"
    if proposal.pushes.filter(status__in=UNDER_WAY).exists():
        return "It is being pushed already."
    return ""


def no_way(proposal: Proposal) -> str:
    """Why nothing of this project can be pushed at all; "" where it can."""
    project = proposal.project
    if project.source_kind != SourceKind.GIT:
        return "The project's code is a directory, which the dashboard never writes to. Download the file, or apply the patch there."
    return credentials.missing(project)


def default_branch(version: ProposalVersion) -> str:
    """`alembic/<revision>-<slug>`."""
    slug = re.sub(r"[^a-z0-9]+", "-", version.proposal.message.lower())[:LONGEST_SLUG].strip("-")
    revision = str(version.files[0]["revision"]) if version.files else "revision"
    kept = re.sub(r"[^A-Za-z0-9_.-]+", "-", revision).strip("-.") or "revision"
    return f"{PREFIX}{kept}-{slug}" if slug else f"{PREFIX}{kept}"


def _branch(name: str) -> str:
    """A name that git takes and that is no option, no expression and no other kind of ref."""
    try:
        remotes.check_ref(name)
    except SourceError:
        raise Invalid.of("branch", f"{name[:60]!r} cannot be the name of a branch.") from None
    if name.startswith("refs/") or name == "HEAD" or name.endswith(".") or "@" in name:
        raise Invalid.of("branch", f"{name[:60]!r} cannot be the name of a branch.")
    return name


def _author(user: User, name: str, email: str) -> tuple[str, str]:
    """Git ends a name at an angle bracket and a line's end."""
    name, email = name.strip() or user.display_name, email.strip() or email_of(user)
    if len(name) > LONGEST_NAME or not name.isprintable() or set("<>") & set(name) or not name.strip(" .,:;\"'"):
        raise Invalid.of("name", f"A commit's author is one line without < and >, {LONGEST_NAME} characters at most.")
    try:
        validate_email(email)
    except ValidationError:
        raise Invalid.of("email", "This is not an e-mail address.") from None
    return name, email
