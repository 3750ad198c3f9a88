"""Calling a difference noise, and taking that back. Only how differences are shown and counted changes; no database and no file does."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.permissions import Action, people_who_may, require
from audit.services import record
from config.errors import Conflict, Forbidden, Invalid
from environments.models import Database, Environment
from jobs.drift import tally
from migrations_store.models import IgnoredDifference, Project
from notices.models import Kind
from notices.services import tell

Decision = IgnoredDifference.Decision
KINDS = (
    "table", "column", "index", "unique", "foreign key", "check", "primary key", "exclude", "comment", "type", "nullable", "default",
    "autoincrement",
)  # fmt: skip
OF_COLUMNS = ("column", "type", "nullable", "default", "autoincrement")
WHAT = ("added", "removed", "changed")
LONGEST_REASON, LONGEST_TIME, USUAL_TIME = 2000, timedelta(days=366), timedelta(days=90)


def ignore(
    project: Project, *, user: User, reason: str, kind: str = "", what: str = "", schema: str = "", table: str = "", name: str = "",
    pattern: str = "", environment: Environment | None = None, database: Database | None = None, expires_at: datetime | None = None,
) -> IgnoredDifference:  # fmt: skip
    """A rule for one difference, or for tables whose name fits a pattern: in a database, an environment, or all of the project.

    It counts at once where nothing is protected, and in protected environments once a second person has approved it. It ends after
    90 days unless told otherwise, and after a year at the latest.
    """
    environment = database.environment if database else environment
    require(user, Action.CHECK, project=project, environment=environment)
    rule = IgnoredDifference(project=project, environment=environment, database=database, made_by=user, reason=reason.strip())
    rule.kind, rule.what, rule.schema, rule.table, rule.name, rule.pattern = kind, what, schema, table, name, pattern.strip()
    rule.expires_at = expires_at or timezone.now() + USUAL_TIME
    _check(rule)
    with transaction.atomic():
        rule.save(force_insert=True)
        record(user.username, "difference.ignore", str(rule), **_told(rule), reason=rule.reason)
        tally.recount_project(project)
        if needs_second(rule):
            _ask(rule)
    return rule


def decide(rule: IgnoredDifference, *, user: User, decision: str, comment: str = "") -> IgnoredDifference:
    """By a second person. The first decision counts; a rejected rule hides nothing anywhere."""
    require(user, Action.REVIEW, project=rule.project, environment=rule.environment)
    if decision not in (Decision.APPROVE, Decision.REJECT):
        raise Invalid("Decide by approve or reject.", {"decision": "Use approve or reject."})
    if rule.made_by_id == user.pk:
        raise Forbidden("You made this rule, so somebody else has to decide on it; a token of yours is you, too. You may take it back.")
    _short_enough("comment", comment)
    with transaction.atomic():
        waiting = _open(rule).filter(decision=Decision.NONE)
        if not waiting.update(decision=decision, decided_by=user, decided_at=Now(), comment=comment.strip()):
            raise _over(rule)
        tally.recount_project(rule.project)
        record(user.username, f"difference.{decision}", str(rule), **_told(rule), comment=comment.strip())
        kind = Kind.APPROVED if decision == Decision.APPROVE else Kind.REJECTED
        text = f"{user.display_name} {'approved' if decision == Decision.APPROVE else 'rejected'} {rule}: {rule.subject}."
        tell(kind, text=text, url=address(rule), people=[rule.made_by], project=rule.project, environment=rule.environment)
    rule.refresh_from_db()
    return rule


def take_back(rule: IgnoredDifference, *, user: User) -> IgnoredDifference:
    """What it hid is shown and counted again, at once."""
    require(user, Action.CHECK, project=rule.project, environment=rule.environment)
    with transaction.atomic():
        if not _open(rule).update(taken_back_by=user, taken_back_at=Now()):
            raise _over(rule)
        tally.recount_project(rule.project)
        record(user.username, "difference.show", str(rule), **_told(rule))
    rule.refresh_from_db()
    return rule


def needs_second(rule: IgnoredDifference) -> bool:
    """Whether it would hide something in a protected environment, for which nobody has approved it yet."""
    if rule.decision != Decision.NONE or rule.over:
        return False
    if rule.environment is not None:
        return rule.environment.protected
    return Environment.objects.filter(protected=True, databases__project=rule.project).exists()


def address(rule: IgnoredDifference) -> str:
    return f"/projects/{rule.project.slug}/drift/ignored/#rule-{rule.pk}"


def _open(rule: IgnoredDifference) -> Any:
    return IgnoredDifference.objects.filter(pk=rule.pk, taken_back_at=None).exclude(decision=Decision.REJECT)


def _over(rule: IgnoredDifference) -> Conflict:
    rule.refresh_from_db()
    done = "taken back" if rule.taken_back_at else rule.get_decision_display().lower()
    return Conflict(f"{str(rule).capitalize()} was {done} already. Nothing was changed.")


def _ask(rule: IgnoredDifference) -> None:
    """Whoever may decide is told."""
    place: dict[str, Any] = {"project": rule.project, "environment": rule.environment}
    people = people_who_may(Action.REVIEW, **place).exclude(pk=rule.made_by_id)
    text = f"{rule.made_by.display_name} wants to ignore a difference of {rule.project}: {rule.subject}. {rule.reason}"
    tell(Kind.IGNORE_WANTED, text=text, url=address(rule), people=people, **place)


def _check(rule: IgnoredDifference) -> None:
    wrong = wrong_subject(rule)
    if not rule.reason or len(rule.reason) > LONGEST_REASON:
        wrong["reason"] = f"Say why it is noise, in at most {LONGEST_REASON:,} characters: others will read it."
    if not timezone.now() < rule.expires_at <= timezone.now() + LONGEST_TIME:
        wrong["expires_at"] = "The end has to lie in the future, and within a year."
    if rule.database and rule.database.project_id != rule.project_id:
        wrong["database"] = f"This is no database of {rule.project}."
    if wrong:
        raise Invalid("Nothing is ignored: " + " ".join(wrong.values()), wrong)


def wrong_subject(rule: IgnoredDifference) -> dict[str, str]:
    """What is wrong with what a rule is about: it is exactly one of the two ways. Sentences by field."""
    if rule.pattern:
        if rule.kind or rule.what or rule.object:
            return {"pattern": "Name either one difference or a pattern of table names, not both."}
        plain = rule.pattern.isprintable() and len(rule.pattern) <= 200
        if not plain or not rule.pattern.strip("*?.[]!"):
            return {"pattern": "A pattern names at least a part of the tables' names, such as tmp_*; everything cannot be ignored."}
        return {}
    wrong = {}
    if rule.kind not in KINDS:
        wrong["kind"] = f"There is no such kind of difference; use one of {', '.join(KINDS)}."
    if rule.what not in WHAT:
        wrong["what"] = f"Use one of {', '.join(WHAT)}."
    if not rule.table or max(map(len, (rule.schema, rule.table, rule.name))) > IgnoredDifference.LONGEST:
        wrong["table"] = "Name the table, and the schema, column, index or constraint as the difference does."
    if rule.kind in OF_COLUMNS and not rule.name:
        wrong["name"] = "Name the column."
    return wrong


def _short_enough(name: str, text: str) -> None:
    if len(text) > LONGEST_REASON:
        raise Invalid(f"The {name} is longer than {LONGEST_REASON:,} characters.", {name: f"At most {LONGEST_REASON:,} characters."})


def _told(rule: IgnoredDifference) -> dict[str, Any]:
    return {
        "project": rule.project.slug, "environment": rule.environment.slug if rule.environment else None,
        "database": str(rule.database) if rule.database else None, "subject": rule.subject, "expires_at": rule.expires_at.isoformat(),
    }  # fmt: skip
