"""Models against databases: checks of all databases of a project, and which differences are called noise."""

from typing import Any, Literal

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from api.auth import user_of
from api.paging import PageQuery, listed
from api.schemas import Body, Listed, Moment, Shown, Time
from api.times import shown
from environments.queries import get_database, get_environment
from jobs.drift import everywhere, ignoring, ledger, queries
from migrations_store.differences import snippets
from migrations_store.models import IgnoredDifference
from migrations_store.queries import get_project

router = Router(tags=["drift"], by_alias=True)


class RefusedShown(Shown):
    """A database for which nothing was asked, and why."""

    database: str
    name: str
    why: str


class ChecksShown(Shown):
    """`jobs` are the checks that were asked for, `under_way` those that waited or ran already."""

    jobs: list[str]
    under_way: list[str]
    refused: list[RefusedShown]


class ComparedShown(Shown):
    """What the last checks found in one database.

    `state` is in_step, differs, running, failed (the last check could not compare; `why` says so) or never. `differences` are of the last
    check that could compare; each has the fields of a proposal's changes, with `since` and `since_job`, when it was first seen there, and
    `ignored`, the rule that hides it or null. `counts` counts those that no rule hides, and how many are ignored.
    """

    database: str
    environment: str
    name: str
    state: str
    job: str | None
    checked_at: Time | None
    why: str
    since: Time | None
    counts: dict[str, int]
    differences: list[dict[str, Any]]


class NewRule(Body):
    """Either one difference, by `kind`, `what`, `schema`, `table` and `name` as it has them, or `pattern`: every table whose name fits.

    Without `environment` and `database` the rule is for the whole project. It ends after 90 days unless `expires_at` says otherwise.
    """

    reason: str = Field(max_length=4000)
    kind: str = Field("", max_length=40)
    what: str = Field("", max_length=16)
    schema_: str | None = Field("", alias="schema", max_length=255)
    table: str | None = Field("", max_length=255)
    name: str | None = Field("", max_length=255)
    pattern: str = Field("", max_length=300)
    environment: str = Field("", max_length=100)
    database: str = Field("", max_length=100)
    expires_at: Moment | None = None


class RuleShown(Shown):
    """`state` is in_force, waits (for a second person, in protected environments), rejected, expired or taken_back. `env_py` are lines for
    env.py that make Alembic itself silent about the same."""

    id: str
    subject: str
    kind: str
    what: str
    schema_: str = Field(alias="schema")
    table: str
    name: str
    pattern: str
    environment: str | None
    database: str | None
    reason: str
    state: str
    made_by: str
    created_at: Time
    expires_at: Time
    decided_by: str | None
    comment: str
    env_py: str


class RuleDecision(Body):
    """approve and reject are for somebody else than the one who made the rule."""

    decision: Literal["approve", "reject"]
    comment: str | None = Field("", max_length=4000)


@router.post("/{slug}/checks", response={202: ChecksShown}, summary="Check every database of the project")
def check_everywhere(request: HttpRequest, slug: str) -> Status[dict[str, Any]]:
    user = user_of(request)
    asked = everywhere.check_everywhere(get_project(user, slug), user=user)
    return Status(202, {
        "jobs": [str(job.pk) for job in asked.jobs],
        "under_way": [str(job.pk) for job in asked.under_way],
        "refused": [{"database": str(database.pk), "name": str(database), "why": why} for database, why in asked.refused],
    })  # fmt: skip


@router.get("/{slug}/checks", response=Listed[ComparedShown], summary="What the last checks found, database by database")
def list_checks(request: HttpRequest, slug: str, page: PageQuery) -> dict[str, Any]:
    user = user_of(request)
    return listed(queries.rows(user, get_project(user, slug)), page, lambda rows: [_compared(row) for row in rows])


@router.get("/{slug}/ignored-differences", response=Listed[RuleShown], summary="Rules for ignored differences, newest first")
def list_rules(request: HttpRequest, slug: str, page: PageQuery) -> dict[str, Any]:
    user = user_of(request)
    return listed(ledger.rules(user, get_project(user, slug)), page, lambda rows: [_rule(rule) for rule in rows])


@router.post("/{slug}/ignored-differences", response={201: RuleShown}, summary="Call a difference noise")
def create_rule(request: HttpRequest, slug: str, payload: NewRule) -> Status[dict[str, Any]]:
    user = user_of(request)
    project = get_project(user, slug)
    rule = ignoring.ignore(
        project, user=user, reason=payload.reason, kind=payload.kind, what=payload.what, schema=payload.schema_ or "",
        table=payload.table or "", name=payload.name or "", pattern=payload.pattern, expires_at=payload.expires_at,
        environment=get_environment(user, payload.environment) if payload.environment else None,
        database=get_database(user, payload.database) if payload.database else None,
    )  # fmt: skip
    return Status(201, _rule(rule))


@router.post("/{slug}/ignored-differences/{id}/decision", response={201: RuleShown}, summary="Approve or reject a rule of somebody else")
def decide(request: HttpRequest, slug: str, id: int, payload: RuleDecision) -> Status[dict[str, Any]]:
    user = user_of(request)
    rule = ledger.get_rule(user, get_project(user, slug), id)
    return Status(201, _rule(ignoring.decide(rule, user=user, decision=payload.decision, comment=payload.comment or "")))


@router.delete("/{slug}/ignored-differences/{id}", response=RuleShown, summary="Take a rule back")
def take_back(request: HttpRequest, slug: str, id: int) -> dict[str, Any]:
    user = user_of(request)
    return _rule(ignoring.take_back(ledger.get_rule(user, get_project(user, slug), id), user=user))


def _compared(row: queries.Row) -> dict[str, Any]:
    return {
        "database": str(row.database.pk),
        "environment": row.database.environment.slug,
        "name": row.database.name,
        "state": row.state,
        "job": str(row.job.pk) if row.job else None,
        "checked_at": shown(row.comparison.at) if row.comparison else None,
        "why": row.why if row.state == "failed" else "",
        "since": shown(row.since),
        "counts": row.counts,
        "differences": [*row.entries, *row.ignored],
    }


def _rule(rule: IgnoredDifference) -> dict[str, Any]:
    names = ("subject", "kind", "what", "table", "name", "pattern", "reason", "comment")
    return {name: getattr(rule, name) for name in names} | {
        "id": str(rule.pk),
        "schema": rule.schema,
        "environment": rule.environment.slug if rule.environment else None,
        "database": str(rule.database_id) if rule.database_id else None,
        "state": _state(rule),
        "made_by": rule.made_by.username,
        "created_at": shown(rule.created_at),
        "expires_at": shown(rule.expires_at),
        "decided_by": rule.decided_by.username if rule.decided_by else None,
        "env_py": snippets.snippet(rule).text,
    }  # fmt: skip


def _state(rule: IgnoredDifference) -> str:
    if rule.taken_back_at:
        return "taken_back"
    if rule.decision == IgnoredDifference.Decision.REJECT:
        return "rejected"
    return "expired" if rule.over else "waits" if ignoring.needs_second(rule) else "in_force"
