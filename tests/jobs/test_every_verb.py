"""Every verb that changes something leaves an entry, in the transaction of the change; docs/audit.md lists them."""

import ast
import importlib
import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection

from accounts import grants, people
from accounts import services as accounts
from accounts.models import Role, User
from audit.models import AuditEntry
from environments import changes, freezes
from environments import services as environments
from environments.models import Database
from jobs import execution, promotions, reaper, restored, rollbacks
from jobs import services as jobs
from jobs.models import Job
from jobs.services import Wishes
from migrations_store import services as store
from notices import channels
from tests.environments.conftest import write_version

ROOT = Path(__file__).resolve().parents[2]
# The rooms' modules that write, and what in them is no verb of its own: a question, or a part of a verb that is in the table.
MODULES = (
    "accounts.services", "accounts.people", "accounts.grants", "environments.services", "environments.changes", "environments.freezes",
    "migrations_store.services", "jobs.services", "jobs.decisions", "jobs.promotions", "jobs.rollbacks", "notices.channels",
)  # fmt: skip
NO_VERB = {
    "accounts.services.create_first_admin": "needs an empty store: tests/accounts/test_services.py",
    "accounts.services.authenticate_token": "notes when a token was last used",
    "accounts.services.set_preferences": "how pages look to oneself",
    "accounts.people.check_password_rules": "asks",
    "accounts.people.end_sessions": "part of update_user, delete_user and set_password",
    "accounts.grants.describe": "asks",
    "accounts.grants.place_words": "asks",
    "environments.services.test_connection": "asks; nothing is saved",
    "environments.changes.propose": "part of change_policy and its like",
    "environments.changes.object_of": "asks",
    "migrations_store.services.refresh_if_directory": "take_snapshot, when the code has changed",
    "migrations_store.services.verify_unchanged": "asks",
    "jobs.services.first_of": "asks",
    "jobs.services.first_promotion_of": "asks",
    "jobs.services.require_digest": "asks",
    "jobs.services.queue": "part of request_job and promote",
    "jobs.promotions.route": "asks",
    "jobs.promotions.stage_plan": "makes a plan, which changes nothing",
    "jobs.promotions.stage_wishes": "asks",
    "jobs.promotions.already": "asks",
    "jobs.rollbacks.points": "asks",
    "jobs.rollbacks.target_of": "asks",
    "jobs.rollbacks.plan_rollback": "makes a plan, which changes nothing",
    "notices.channels.webhook_host": "asks",
}
# Tables that are written without an entry, for the reasons that docs/audit.md gives.
World = SimpleNamespace
UNTOLD = {
    "accounts_signinattempt", "django_session", "jobs_plan", "jobs_logchunk", "jobs_step", "jobs_worker", "jobs_pulse",
    "migrations_store_blob", "migrations_store_knownrevision", "notices_notice", "notices_delivery",
}  # fmt: skip
# Rows that are touched without being changed: heartbeats of a job, readings of a database, when unchanged code was last read.
TOUCHED = {"jobs_job", "migrations_store_snapshot", "environments_database"}
UNTOLD |= {f"UPDATE {table}" for table in TOUCHED}
WRITE = re.compile(r'^(?:INSERT (?:OR \w+ )?INTO|UPDATE|DELETE FROM) "(\w+)"')


@contextmanager
def transactions() -> Iterator[list[set[str]]]:
    """The tables that each outermost transaction has written, and each statement outside of one."""
    done: list[set[str]] = []
    open_ones: list[str] = []

    def look(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if sql.startswith("SAVEPOINT"):
            if not open_ones:
                done.append(set())
            open_ones.append(sql.split()[1])
        elif sql.startswith("RELEASE SAVEPOINT"):
            open_ones.remove(sql.split()[2])
        elif sql.startswith("ROLLBACK TO SAVEPOINT"):
            pass
        elif found := WRITE.match(sql):
            if not open_ones:
                done.append(set())
            done[-1].add(f"{sql.split(maxsplit=1)[0]} {found[1]}" if found[1] in TOUCHED else found[1])
        return execute(sql, params, many, context)

    with connection.execute_wrapper(look):
        yield done


@pytest.fixture
def world(admin: User, project, database: Database, add_database: Callable[..., Database], tmp_path: Path) -> SimpleNamespace:
    """An open and a protected environment, two databases, two more people, and a job that waits."""
    fields = {"slug": "prod", "name": "prod", "position": 3, "protected": True}
    prod = environments.create_environment(user=admin, fields=fields)
    live = add_database(prod)
    lead = accounts.create_user(by=admin, username="leo", password="correct horse 1", role=Role.LEAD)
    other = accounts.create_user(by=admin, username="rita", password="correct horse 1", role=Role.LEAD)
    team = grants.create_team(by=admin, name="Shop")
    return SimpleNamespace(
        admin=admin, lead=lead, other=other, team=team, project=project, dev=database.environment, prod=prod, database=database, live=live,
        token=accounts.create_token(admin, by=admin, name="old")[0], place=tmp_path,
    )  # fmt: skip


def touch(w: SimpleNamespace) -> None:
    path = Path(w.project.source_path) / "migrations" / "versions" / "three.py"
    path.write_text(path.read_text() + "\n# changed\n")


def waiting(w: SimpleNamespace, **more: Any) -> Job:
    return jobs.request_job(w.live, user=w.admin, command="upgrade", revision="one", **more)


def approved(w: SimpleNamespace, **more: Any) -> Job:
    return jobs.decide(waiting(w, **more), user=w.other, decision="approve")


def proposed(w: SimpleNamespace) -> Any:
    return changes.change_policy(w.prod, user=w.lead, fields={"approvals": 2})


def channel(w: SimpleNamespace) -> Any:
    fields = {"name": "mail", "way": "email", "address": "ops@example.com", "kinds": ["job_failed"]}
    return channels.create_channel(user=w.admin, fields=fields)[0]


def at(w: SimpleNamespace, database: Database, head: str) -> Database:
    write_version(Path(database.database), head)
    environments.check_database_now(database)
    database.refresh_from_db()
    return database


def first(make: Callable[[World], Any], do: Callable[[SimpleNamespace, Any], Any]) -> Callable[[World], Callable[[], Any]]:
    """What has to be there before is made first, unwatched."""

    def prepare(w: SimpleNamespace) -> Callable[[], Any]:
        made = make(w)
        return lambda: do(w, made)

    return prepare


def plainly(do: Callable[[World], Any]) -> Callable[[World], Callable[[], Any]]:
    return lambda w: lambda: do(w)


ENV = {"slug": "late", "name": "late", "position": 9, "protected": False}
# Each verb, how it is done, and the action of the entry that it leaves.
VERBS: dict[str, tuple[str, Callable[[World], Callable[[], Any]]]] = {
    "accounts.services.create_user": (
        "user.create",
        plainly(lambda w: accounts.create_user(by=w.admin, username="new", password="correct horse 1", role=Role.VIEWER)),
    ),
    "accounts.services.create_token": ("token.create", plainly(lambda w: accounts.create_token(w.admin, by=w.admin, name="ci"))),
    "accounts.services.revoke_token": ("token.revoke", plainly(lambda w: accounts.revoke_token(w.admin, w.token.pk, by=w.admin))),
    "accounts.people.update_user": ("user.update", plainly(lambda w: people.update_user(w.lead, by=w.admin, fields={"role": Role.VIEWER}))),
    "accounts.people.delete_user": ("user.delete", plainly(lambda w: people.delete_user(w.lead, by=w.admin))),
    "accounts.people.set_password": (
        "user.password",
        plainly(lambda w: people.set_password(w.lead, by=w.admin, password="another horse 2")),
    ),
    "accounts.grants.create_team": ("team.create", plainly(lambda w: grants.create_team(by=w.admin, name="Billing"))),
    "accounts.grants.update_team": (
        "team.update",
        plainly(lambda w: grants.update_team(w.team, by=w.admin, name="Shops", members=[w.lead])),
    ),
    "accounts.grants.delete_team": ("team.delete", plainly(lambda w: grants.delete_team(w.team, by=w.admin))),
    "accounts.grants.create_grant": ("grant.create", plainly(lambda w: grants.create_grant(by=w.admin, to=w.lead, role=Role.OPERATOR))),
    "accounts.grants.delete_grant": (
        "grant.delete",
        first(
            lambda w: grants.create_grant(by=w.admin, to=w.lead, role=Role.OPERATOR), lambda w, made: grants.delete_grant(made, by=w.admin)
        ),
    ),
    "environments.services.create_environment": (
        "environment.create",
        plainly(lambda w: environments.create_environment(user=w.admin, fields=ENV)),
    ),
    "environments.services.update_environment": (
        "environment.update",
        plainly(lambda w: environments.update_environment(w.dev, user=w.admin, fields={"name": "Development"})),
    ),
    "environments.services.delete_environment": (
        "environment.delete",
        first(
            lambda w: environments.create_environment(user=w.admin, fields=ENV),
            lambda w, made: environments.delete_environment(made, user=w.admin),
        ),
    ),
    "environments.services.create_database": (
        "database.create",
        plainly(
            lambda w: environments.create_database(
                user=w.admin, fields={"project": "shop", "environment": "dev", "name": "two", "url": f"sqlite:///{w.place}/two.db"}
            )
        ),
    ),
    "environments.services.update_database": (
        "database.update",
        plainly(lambda w: environments.update_database(w.database, user=w.admin, fields={"name": "main"})),
    ),
    "environments.services.delete_database": (
        "database.delete",
        plainly(lambda w: environments.delete_database(w.database, user=w.admin)),
    ),
    "environments.services.request_check": ("database.check", plainly(lambda w: environments.request_check(w.database, user=w.admin))),
    "environments.services.refresh_project": (
        "snapshot.take",
        first(touch, lambda w, _: environments.refresh_project(w.project, user=w.admin)),
    ),
    "environments.changes.change_policy": ("policy.propose", plainly(proposed)),
    "environments.changes.delete_policy": ("policy.propose", plainly(lambda w: changes.delete_policy(w.prod, user=w.lead))),
    "environments.changes.move_database": (
        "policy.propose",
        plainly(lambda w: changes.move_database(w.live, to=w.dev, user=w.lead)),
    ),
    "environments.changes.decide": (
        "policy.",
        first(proposed, lambda w, made: changes.decide(made, user=w.other, decision="approve", comment="fine")),
    ),
    "environments.changes.withdraw": ("policy.withdraw", first(proposed, lambda w, made: changes.withdraw(made, user=w.lead))),
    "environments.freezes.freeze": ("environment.", plainly(lambda w: freezes.freeze(w.prod, user=w.lead, reason="Holiday sale"))),
    "environments.freezes.lift": (
        "environment.",
        first(lambda w: freezes.freeze(w.prod, user=w.lead, reason="Holiday sale"), lambda w, made: freezes.lift(made, user=w.lead)),
    ),
    "migrations_store.services.create_project": (
        "project.create",
        plainly(
            lambda w: store.create_project(
                user=w.admin, fields={"slug": "second", "source": {"kind": "directory", "path": w.project.source_path}}
            )
        ),
    ),
    "migrations_store.services.update_project": (
        "project.update",
        plainly(lambda w: store.update_project(w.project, user=w.admin, fields={"name": "Shop"})),
    ),
    "migrations_store.services.delete_project": ("project.delete", plainly(lambda w: store.delete_project(w.project, user=w.admin))),
    "migrations_store.services.take_snapshot": (
        "snapshot.take",
        first(touch, lambda w, _: store.take_snapshot(w.project, user=w.admin)),
    ),
    "jobs.services.request_job": ("job.request", plainly(waiting)),
    "jobs.services.cancel_job": ("job.cancel", first(waiting, lambda w, made: jobs.cancel_job(made, user=w.admin, reason="not now"))),
    "jobs.decisions.decide": ("job.approve", first(waiting, lambda w, made: jobs.decide(made, user=w.other, decision="approve"))),
    "jobs.decisions.withdraw": ("job.withdraw", first(approved, lambda w, made: jobs.withdraw(made, user=w.other))),
    "jobs.decisions.release": (
        "job.release",
        first(lambda w: approved(w, wishes=Wishes(run_when_approved=False)), lambda w, made: jobs.release(made, user=w.admin)),
    ),
    "jobs.promotions.promote": (
        "promotion.request",
        first(
            lambda w: at(w, w.database, "one"),
            lambda w, _: promotions.promote(w.project, user=w.admin, source=w.dev, target=w.prod),
        ),
    ),
    "jobs.rollbacks.roll_back": (
        "rollback.request",
        first(
            lambda w: at(w, w.database, "two"),
            lambda w, made: rollbacks.roll_back(made, user=w.admin, to="one", reason="Ticket 4711", typed="dev"),
        ),
    ),
    "notices.channels.create_channel": ("channel.create", plainly(channel)),
    "notices.channels.update_channel": (
        "channel.update",
        first(channel, lambda w, made: channels.update_channel(made, user=w.admin, fields={"name": "post"})),
    ),
    "notices.channels.delete_channel": ("channel.delete", first(channel, lambda w, made: channels.delete_channel(made, user=w.admin))),
    "notices.channels.send_test": ("channel.test", first(channel, lambda w, made: channels.send_test(made, user=w.admin))),
    # the dashboard's own side
    "jobs.execution.claim": ("job.start", first(approved, lambda w, made: execution.claim(made.pk))),
    "jobs.execution.execute": ("job.finish", first(approved, lambda w, made: execution.execute(made.pk))),
    "jobs.reaper.take_over": (
        "job.finish",
        first(lambda w: execution.claim(approved(w).pk), lambda w, made: reaper.take_over(made.pk, "The worker vanished.")),
    ),
    "jobs.restored.cancel_waiting": ("job.cancel", first(waiting, lambda w, _: restored.cancel_waiting())),
}


def test_every_verb_is_in_the_table() -> None:
    found = set()
    for name in MODULES:
        module = importlib.import_module(name)
        mine = (function for function in vars(module).values() if inspect.isfunction(function) and function.__module__ == name)
        found |= {f"{name}.{function.__name__}" for function in mine if not function.__name__.startswith("_")}
    assert found - set(VERBS) == set(NO_VERB)
    assert found <= set(VERBS) | set(NO_VERB)


@pytest.mark.parametrize("verb", VERBS)
def test_verb_leaves_its_entry_in_the_transaction_of_its_change(world: SimpleNamespace, verb: str) -> None:
    action, prepare = VERBS[verb]
    do = prepare(world)
    before = AuditEntry.objects.count()
    with transactions() as done:
        do()
    actions = list(AuditEntry.objects.order_by("seq").values_list("action", flat=True)[before:])
    assert any(told == action or (action.endswith(".") and told.startswith(action)) for told in actions), actions
    for tables in done:
        assert "audit_auditentry" in tables or not tables - UNTOLD, tables
    assert sum("audit_auditentry" in tables for tables in done) >= 1


def actions_in_the_code() -> set[str]:
    """What the calls of `record` name, where they name it plainly."""
    rooms = ("accounts", "audit", "dashboard", "environments", "jobs", "migrations_store", "notices")
    trees = [ast.parse(path.read_text()) for room in rooms for path in (ROOT / room).rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record"]
    second = [call.args[1] for call in calls if len(call.args) > 1]
    names = [node.value for argument in second for node in ast.walk(argument) if isinstance(node, ast.Constant)]
    return {name for name in names if re.fullmatch(r"[a-z]+\.[a-z_]+", str(name))}


def test_every_action_is_written_down() -> None:
    text = (ROOT / "docs/audit.md").read_text()
    known = actions_in_the_code() | {action for action, _ in VERBS.values() if not action.endswith(".")}
    assert len(known) > 40
    assert [action for action in sorted(known) if f"`{action}`" not in text] == []
