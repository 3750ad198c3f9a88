"""Changing environments and databases, and asking for readings. Every change leaves an audit entry, in the same transaction."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from accounts.models import User
from accounts.permissions import Action, require
from audit.services import record
from config.doorbell import ring
from config.rows import hold
from environments import changes, policies, readings, trial, urls, version_table
from environments.errors import NameTaken, StillUsed
from environments.fields import Fields, fill_database, fill_environment
from environments.models import ChangeKind, Database, DatabaseState, Environment, PolicyChange
from environments.permissions import require_on
from environments.readings import TARGET, apply_reading, check_database_now
from environments.trial import Finding
from migrations_store import services as store
from migrations_store.models import Project, Snapshot

__all__ = [
    "apply_reading",
    "check_database_now",
    "create_database",
    "create_environment",
    "delete_database",
    "delete_environment",
    "refresh_project",
    "request_check",
    "test_connection",
    "update_database",
    "update_environment",
]

NEVER_READ: dict[str, Any] = {
    "state": DatabaseState.UNCHECKED, "current": [], "pending": [], "pending_count": 0, "checked_at": None, "changed_at": None,
    "error_code": "", "error": "", "server": "", "latency_ms": None, "identity": {},
    "expected": None, "expected_at": None, "moved_outside": None,
}  # fmt: skip


def create_environment(*, user: User, fields: Fields) -> Environment:
    require(user, Action.CONFIGURE)
    environment = Environment()
    fill_environment(environment, fields)
    return _saved_environment(environment, user, "environment.create", newly_protected=environment.protected)


def update_environment(environment: Environment, *, user: User, fields: Fields, reason: str = "") -> PolicyChange | None:
    """Changes the fields that are named. What its policy leans on waits for a second person while it is protected, and is returned."""
    require(user, Action.CONFIGURE)
    with transaction.atomic():
        hold(environment)
        before = {name: getattr(environment, name) for name in changes.GUARDED}
        fill_environment(environment, fields)
        wanted = {name: getattr(environment, name) for name in before if getattr(environment, name) != before[name]}
        for name in wanted if before["protected"] else ():
            setattr(environment, name, before[name])
        newly_protected = environment.protected and not before["protected"]
        _saved_environment(environment, user, "environment.update", newly_protected=newly_protected)
        if not before["protected"] or not wanted:
            return None
        change = PolicyChange(
            environment=environment, kind=ChangeKind.ENVIRONMENT, before={name: before[name] for name in wanted}, after=wanted
        )
        return changes.propose(change, user=user, reason=reason)


def delete_environment(environment: Environment, *, user: User) -> None:
    """Only an empty one, whose promotions are not to be told of any more either."""
    require(user, Action.CONFIGURE)
    try:
        with transaction.atomic():
            hold(environment, to_delete=True)
            _refuse_inhabited(environment)
            record(user.username, "environment.delete", f"environment {environment.slug}")
            environment.delete()
    except ProtectedError:
        raise StillUsed(f"{environment.name} cannot be deleted: the record of a promotion or job names it. Rename it instead.") from None


def _refuse_inhabited(environment: Environment) -> None:
    count = environment.databases.count()
    if count:
        raise StillUsed(f"{environment.name} still has {count} database{'s' if count > 1 else ''}. Delete or move them first.")


def create_database(*, user: User, fields: Fields) -> Database:
    """A profile by `url` or by its parts; its first reading is asked for."""
    require(user, Action.CONFIGURE)
    database = Database()
    fill_database(database, fields)
    with transaction.atomic():
        _save_database(database, user, "database.create")
        _ring_on_commit(database)
    return database


def update_database(database: Database, *, user: User, fields: Fields) -> Database:
    """Changes the fields that are named. A profile that leads elsewhere loses what was read and, unless it is typed again, its password.

    Moving it out of a protected environment waits for a second person; the rest is done.
    """
    require(user, Action.CONFIGURE)
    with transaction.atomic():
        if "environment" in fields:
            hold(database.environment)  # first, as everybody does who changes its rules
        hold(database)
        place = database.environment
        before = [getattr(database, part) for part in TARGET]
        had_secret = database.secret
        fill_database(database, fields)
        moved = before != [getattr(database, part) for part in TARGET]
        if moved:
            _forget_reading(database)
        wanted, database.environment = database.environment, place if place.protected else database.environment
        _save_database(database, user, "database.update")
        if wanted != database.environment:
            changes.move_database(database, to=wanted, user=user)
        if moved or database.secret != had_secret:
            _ring_on_commit(database)
    return database


def _forget_reading(database: Database) -> None:
    for name, value in NEVER_READ.items():
        setattr(database, name, value.copy() if isinstance(value, list | dict) else value)


def delete_database(database: Database, *, user: User) -> None:
    """Forgets the profile, its plans and jobs; the database itself is not touched. Refused while a job runs there."""
    require(user, Action.CONFIGURE)
    with transaction.atomic():
        hold(database, to_delete=True)
        _refuse_working(database)
        record(user.username, "database.delete", f"database {database}", id=str(database.pk), url=urls.shown(database))
        database.delete()


def _refuse_working(database: Database) -> None:
    """Its jobs are locked, so that no worker begins one that is about to be forgotten."""
    if "running" in [job.status for job in database.jobs.select_for_update().order_by("pk")]:
        raise StillUsed(f"A job is running on {database}. Cancel it or wait until it has ended.")


def request_check(database: Database, *, user: User) -> None:
    """Asks a worker to read the version table now. A broker that does not answer is no error: the scheduler reads every minute."""
    require_on(user, Action.CHECK, database)
    with transaction.atomic():
        record(user.username, "database.check", f"database {database}", id=str(database.pk))
        _ring_on_commit(database)


def refresh_project(project: Project, *, user: User) -> Snapshot:
    """Reads the project's code again, and compares its databases as last read with it, without connecting."""
    snapshot = store.take_snapshot(project, user=user)
    with transaction.atomic():
        for database in project.databases.select_related("project").select_for_update(of=("self",)):
            readings.rejudge(database)
    return snapshot


def test_connection(*, user: User, database: Database | None = None, fields: Fields | None = None) -> list[Finding]:  # noqa: PT028 - no test
    """Tries a profile: a kept one, one that is not saved yet (`fields`), or a kept one with changes. Nothing is saved.

    Each finding says whether one thing works: reachable, login, read, create, version, current.
    """
    place = {"project": database.project, "environment": database.environment} if database else {}
    require(user, Action.CONFIGURE if fields else Action.CHECK, **place)
    tried = Database.objects.get(pk=database.pk) if database else Database()
    if fields:
        fill_database(tried, fields)
    return trial.run(tried)


def _saved_environment(environment: Environment, user: User, action: str, *, newly_protected: bool) -> Environment:
    """A protected environment begins with the usual policy, unless it has one of its own already."""
    detail = {name: getattr(environment, name) for name in ("name", "position", "protected", "lock_timeout", "statement_timeout")}
    try:
        with transaction.atomic():
            environment.save()
            record(user.username, action, f"environment {environment.slug}", **detail)
            if newly_protected:
                policies.ensure(environment, user=user)
    except IntegrityError:
        raise NameTaken(f"There already is an environment {environment.slug}. Choose another slug.") from None
    return environment


def _save_database(database: Database, user: User, action: str) -> None:
    try:
        with transaction.atomic():
            database.save()
    except IntegrityError:
        named = f"named {database.name!r}" if database.name else "without a name"
        raise NameTaken(
            f"{database.project.slug} already has a database {named} in {database.environment.slug}. Give this one another name."
        ) from None
    detail = {"id": str(database.pk), "url": urls.shown(database), "version_table": version_table.full_name(database)}
    record(user.username, action, f"database {database}", **detail)


def _ring_on_commit(database: Database) -> None:
    transaction.on_commit(lambda: ring("environments.tasks.check_database", str(database.pk)))
