"""Policies of environments, freezes, and changes that wait for a second person."""

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from django.utils import timezone
from ninja import Query, Router, Status
from pydantic import Field, StrictBool, StrictInt

from api.auth import user_of
from api.paging import PageQuery, listed
from api.schemas import Body, Listed, Moment, Shown, Time
from api.times import shown
from environments import changes, freezes, policies, queries, windows, wording
from environments.models import Environment, PolicyChange
from migrations_store.models import Project
from migrations_store.queries import get_project

of_environments = Router(tags=["policies"])
router = Router(tags=["policies"])
ForProject = Annotated[str, Query(max_length=100, description="The exception of this project; empty: the policy of the environment.")]
Reason = Annotated[str | None, Field(max_length=2000)]


class WindowShown(Body):
    """`days` are those on which it begins, 0 for Monday; `to` at or before `from` is on the next day."""

    days: list[StrictInt]
    begin: Annotated[str, Field(alias="from")]
    to: str


class PolicyFields(Body):
    """What is not named stays as it is, or is the usual. A timeout of null is the environment's own.

    `backup_command` needs an administrator: it runs on the worker's machine. `severities` maps rules on migrations to off, info, warning,
    error or block, where that differs from the rule's own; it is given as a whole, and block refuses plans.
    """

    approvals: StrictInt | None = None
    approver_role: str | None = None
    require_previous: StrictBool | None = None
    require_single_head: StrictBool | None = None
    forbid_downgrade: StrictBool | None = None
    forbid_stamp: StrictBool | None = None
    forbid_non_atomic: StrictBool | None = None
    forbid_data_loss: StrictBool | None = None
    lock_timeout: StrictInt | None = None
    statement_timeout: StrictInt | None = None
    windows: list[WindowShown] | None = None
    time_zone: str | None = None
    backup_command: str | None = None
    backup_timeout: StrictInt | None = None
    approval_hours: StrictInt | None = None
    break_glass: StrictBool | None = None
    severities: dict[str, str] | None = None
    reason: Reason = ""


class PolicyShown(Shown):
    """The rules that hold. `source`: exception, environment, open (not protected, no policy) or missing (nothing may run)."""

    environment: str
    project: str | None
    source: str
    version: int
    missing: bool
    approvals: int
    approver_role: str
    require_previous: bool
    require_single_head: bool
    forbid_downgrade: bool
    forbid_stamp: bool
    forbid_non_atomic: bool
    forbid_data_loss: bool
    lock_timeout: int
    statement_timeout: int
    windows: list[dict[str, Any]]
    time_zone: str
    backup_command: str
    backup_timeout: int
    approval_hours: int
    break_glass: bool
    severities: dict[str, str]
    words: list[str]


class ChangeShown(Shown):
    """`status`: waiting, applied (at once), approved, rejected, withdrawn or superseded. `kind`: policy, deletion, environment or move."""

    id: str
    environment: str
    project: str | None
    database: str | None
    kind: str
    status: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    proposed_by: str
    proposed_at: Time
    decided_by: str | None
    decided_at: Time | None
    comment: str


class Waits(Shown):
    """The environment is protected: nothing has changed yet, and a second person has to approve `change`."""

    detail: str
    change: ChangeShown


class FreezeFields(Body):
    """Without `until` it holds until it is lifted."""

    reason: Annotated[str, Field(max_length=2000)]
    until: Annotated[Moment | None, Field(description="ISO 8601 with a zone.")] = None


class FreezeShown(Shown):
    """`sentence` is empty where nothing is frozen."""

    environment: str
    sentence: str
    reason: str
    frozen_by: str
    until: Time | None


class ChangeDecision(Body):
    """approve and reject are for somebody else than the proposer, withdraw for the proposer."""

    decision: Literal["approve", "reject", "withdraw"]
    comment: Reason = ""


@of_environments.get("/{slug}/policy", response=PolicyShown, summary="The rules that hold")
def get_policy(request: HttpRequest, slug: str, project: ForProject = "") -> dict[str, Any]:
    return policy_shown(*_place(request, slug, project))


@of_environments.put("/{slug}/policy", response={200: PolicyShown, 202: Waits}, summary="Change a policy, or make an exception")
def put_policy(request: HttpRequest, slug: str, payload: PolicyFields, project: ForProject = "") -> Status[dict[str, Any]]:
    environment, exception = _place(request, slug, project)
    fields = payload.model_dump(exclude_unset=True, by_alias=True)
    reason = fields.pop("reason", "") or ""
    change = changes.change_policy(environment, user=user_of(request), fields=fields, project=exception, reason=reason)
    return waits(change) if change and change.is_waiting else Status(200, policy_shown(environment, exception))


@of_environments.delete("/{slug}/policy", response={204: None, 202: Waits}, summary="Delete a policy, or an exception")
def delete_policy(request: HttpRequest, slug: str, project: ForProject = "") -> Status[Any]:
    environment, exception = _place(request, slug, project)
    change = changes.delete_policy(environment, user=user_of(request), project=exception)
    return waits(change) if change and change.is_waiting else Status(204, None)


@of_environments.put("/{slug}/freeze", response=FreezeShown, summary="Freeze an environment")
def put_freeze(request: HttpRequest, slug: str, payload: FreezeFields) -> dict[str, Any]:
    user = user_of(request)
    found = queries.get_environment(user, slug)
    return freeze_shown(freezes.freeze(found, user=user, reason=payload.reason, until=payload.until))


@of_environments.delete("/{slug}/freeze", response=FreezeShown, summary="Lift a freeze")
def delete_freeze(request: HttpRequest, slug: str) -> dict[str, Any]:
    user = user_of(request)
    return freeze_shown(freezes.lift(queries.get_environment(user, slug), user=user))


@router.get("", response=Listed[ChangeShown], summary="List changes of policies, newest first")
def list_changes(
    request: HttpRequest,
    page: PageQuery,
    environment: Annotated[str, Query(max_length=100)] = "",
    status: Annotated[str, Query(max_length=20)] = "",
) -> dict[str, Any]:
    found = queries.policy_changes(user_of(request), environment=environment, status=status)
    return listed(found, page, lambda rows: [change_shown(row) for row in rows])


@router.post("/{id}/decision", response={201: ChangeShown}, summary="Approve, reject or withdraw a change")
def decide(request: HttpRequest, id: str, payload: ChangeDecision) -> Status[dict[str, Any]]:
    user = user_of(request)
    change = queries.get_policy_change(user, id)
    if payload.decision == "withdraw":
        return Status(201, change_shown(changes.withdraw(change, user=user)))
    return Status(201, change_shown(changes.decide(change, user=user, decision=payload.decision, comment=payload.comment or "")))


def _place(request: HttpRequest, slug: str, project: str) -> tuple[Environment, Project | None]:
    user = user_of(request)
    return queries.get_environment(user, slug), get_project(user, project) if project else None


def policy_shown(environment: Environment, project: Project | None) -> dict[str, Any]:
    rules = policies.rules_in(environment, project)
    place = {"environment": environment.slug, "project": project.slug if project else None}
    return place | rules.facts() | {"words": wording.in_words(rules, environment, project)}


def waits(change: PolicyChange) -> Status[dict[str, Any]]:
    detail = (
        f"{change.environment.name} is protected, so a second person has to approve this: change {change.pk}. Until then all is as it was."
    )
    return Status(202, {"detail": detail, "change": change_shown(change)})


def change_shown(change: PolicyChange) -> dict[str, Any]:
    return {
        "id": str(change.pk),
        "environment": change.environment.slug,
        "project": change.project.slug if change.project else None,
        "database": str(change.database_id) if change.database_id else None,
        "proposed_by": change.proposed_by.username,
        "proposed_at": shown(change.proposed_at),
        "decided_by": change.decided_by.username if change.decided_by else None,
        "decided_at": shown(change.decided_at),
    } | {name: getattr(change, name) for name in ("kind", "status", "before", "after", "reason", "comment")}


def freeze_shown(environment: Environment) -> dict[str, Any]:
    return {
        "environment": environment.slug,
        "sentence": windows.frozen(environment, timezone.now()),
        "reason": environment.freeze_reason,
        "frozen_by": environment.frozen_by,
        "until": shown(environment.frozen_until),
    }
