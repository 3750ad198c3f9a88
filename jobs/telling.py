"""Notices about jobs: who is told what. Each is written in the transaction of the change that it tells of."""

from collections.abc import Iterable

from django.db.models import QuerySet

from accounts.models import Role, User
from accounts.permissions import Action, people_who_may
from environments.policies import Rules
from jobs import approvals
from jobs.models import Command, Job, JobStatus, OutcomeState
from notices.models import Kind
from notices.services import tell

ENDED = {JobStatus.SUCCEEDED: Kind.JOB_SUCCEEDED, JobStatus.FAILED: Kind.JOB_FAILED}


def approval_wanted(job: Job, rules: Rules) -> None:
    """To those whose word would count."""
    people: Iterable[User] = _people(job, Action.REVIEW).exclude(pk=job.requested_by_id)
    if rules.approver_role != Role.REVIEWER:  # whoever may review holds that role or one that includes it
        people = [person for person in people if approvals.has_role(job, person, rules)]
    _tell(Kind.APPROVAL_WANTED, job, f"{job.requested_by.display_name} asks for approval: {_what(job)}{_because(job.reason)}", people)


def approved(job: Job, user: User) -> None:
    goes_on = "It runs when its turn comes." if job.status == JobStatus.QUEUED else "It waits on."
    _tell(Kind.APPROVED, job, f"{user.display_name} approved job {job.pk}: {_what(job)}. {goes_on}", [job.requested_by])


def rejected(job: Job, user: User, comment: str) -> None:
    _tell(Kind.REJECTED, job, f"{user.display_name} rejected job {job.pk}: {_what(job)}{_because(comment)}", [job.requested_by])


def glass_broken(job: Job, passed_over: list[str]) -> None:
    """To everybody who would have had a say."""
    people = (_people(job, Action.REVIEW) | _people(job, Action.POLICY)).exclude(pk=job.requested_by_id).distinct()
    gates = ", ".join(passed_over) or "no gate that was closed"
    text = f"{job.requested_by.display_name} broke the glass: {_what(job)}, passing over {gates}{_because(job.reason)}"
    _tell(Kind.BREAK_GLASS, job, text, people)


def ended(job: Job, status: str, state: str) -> None:
    """To whoever asked for it; what was canceled or rejected is told otherwise."""
    kind = ENDED.get(JobStatus(status))
    if kind is not None:
        done = "succeeded" if status == JobStatus.SUCCEEDED else "failed"
        where = f"; the database is {OutcomeState(state).label.lower()}" if state else ""
        _tell(kind, job, f"Job {job.pk} {done}: {_what(job)}{where}.", [job.requested_by])


def _people(job: Job, action: Action) -> QuerySet[User]:
    return people_who_may(action, project=job.database.project, environment=job.database.environment)


def _tell(kind: Kind, job: Job, text: str, people: Iterable[User]) -> None:
    place = {"project": job.database.project, "environment": job.database.environment}
    tell(kind, text=text, url=f"/jobs/{job.pk}/", people=people, **place)


def _what(job: Job) -> str:
    count = len(job.plan.steps)
    steps = "" if job.command == Command.CHECK else f", {count} step{'' if count == 1 else 's'}"
    return f"{job.get_command_display().lower()} {job.database}{steps}"


def _because(reason: str) -> str:
    return f": {reason.strip()}" if reason.strip() else "."
