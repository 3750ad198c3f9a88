"""Environments and databases are made, changed and deleted by those who may, with an audit entry for each and no secret anywhere."""

import base64
import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import redis
from celery import Celery, current_app
from django.db import connection

from accounts.models import Role, User
from audit.models import AuditEntry
from config.embedded import EmbeddedValkey
from config.errors import Conflict, Forbidden, Invalid
from environments import secrets, services, urls
from environments.errors import NameTaken, StillUsed
from environments.models import Database, Environment

CANARY = "s3cr3t-canary"
PG = f"postgresql+psycopg2://reader:{CANARY}@127.0.0.1:5432/shop"
FIELDS = {"slug": "test", "name": "Test", "position": 2, "protected": False}


@pytest.fixture
def create(admin: User, project, dev: Environment):
    def make(**fields: object) -> Database:
        return services.create_database(user=admin, fields={"project": "shop", "environment": "dev", "name": ""} | fields)

    return make


def actions() -> list[str]:
    return list(AuditEntry.objects.values_list("action", flat=True))


def test_create_environment_keeps_its_fields(admin: User) -> None:
    made = services.create_environment(user=admin, fields=FIELDS | {"protected": True, "lock_timeout": "7"})
    kept = Environment.objects.get(pk=made.pk)
    assert (kept.slug, kept.name, kept.position, kept.protected, kept.lock_timeout) == ("test", "Test", 2, True, 7)
    assert actions() == ["environment.create", "policy.create"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("slug", ""),
        ("slug", "With Blank"),
        ("slug", "UPPER"),
        ("slug", "-x"),
        ("slug", "x" * 65),
        ("slug", 7),
        ("slug", None),
        ("slug", "../x"),
        ("slug", "a\0"),
        ("name", ["x"]),
        ("name", "x" * 201),
        ("name", "a\nb"),
        ("position", -1),
        ("position", "first"),
        ("position", 1.5),
        ("position", True),
        ("position", 2**31),
        ("position", None),
        ("protected", "yes"),
        ("protected", 1),
        ("protected", None),
        ("statement_timeout", -1),
        ("protcted", True),
    ],
)
def test_create_environment_refuses_malformed_fields(admin: User, name: str, value: object) -> None:
    with pytest.raises(Invalid) as caught:
        services.create_environment(user=admin, fields=FIELDS | {name: value})
    assert list(caught.value.fields) == [name]
    assert str(caught.value).endswith(".")
    assert not Environment.objects.exists()


def test_create_environment_takes_a_slug_once(admin: User) -> None:
    services.create_environment(user=admin, fields=FIELDS)
    with pytest.raises(NameTaken, match="test"):
        services.create_environment(user=admin, fields=FIELDS)
    assert actions() == ["environment.create"]


def test_update_environment_changes_what_is_named(admin: User, dev: Environment) -> None:
    services.update_environment(dev, user=admin, fields={"name": "Dev stage"})
    dev.refresh_from_db()
    assert (dev.slug, dev.name, dev.position) == ("dev", "Dev stage", 1)


def test_delete_environment_refuses_while_databases_are_in_it(admin: User, dev: Environment, create) -> None:
    database = create(url=PG)
    with pytest.raises(StillUsed, match="1 database"):
        services.delete_environment(dev, user=admin)
    services.delete_database(database, user=admin)
    services.delete_environment(dev, user=admin)
    assert not Environment.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
def test_services_refuse_those_who_may_not_configure(db: None, role: Role, project, dev: Environment) -> None:
    user = User.objects.create(username="eve", role=role)
    calls = [
        lambda: services.create_environment(user=user, fields=FIELDS),
        lambda: services.update_environment(dev, user=user, fields={}),
        lambda: services.delete_environment(dev, user=user),
        lambda: services.create_database(user=user, fields={"url": PG}),
        lambda: services.test_connection(user=user, fields={"url": PG}),
    ]
    for call in calls:
        with pytest.raises(Forbidden):
            call()
    assert actions() == []


def test_create_database_keeps_the_password_as_ciphertext_only(create) -> None:
    database = create(url=PG)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM environments_database")
        assert CANARY not in str(cursor.fetchall())
    assert secrets.decrypt(Database.objects.get(pk=database.pk)) == CANARY
    assert urls.shown(database) == PG.replace(CANARY, "***")
    assert CANARY not in repr(database) + str(vars(database))


def test_create_database_leaves_an_entry_without_the_password(create) -> None:
    create(url=PG)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.object) == ("database.create", "database shop/dev")
    assert CANARY not in str(entry.detail)
    assert "***" in entry.detail["url"]


def test_create_database_takes_the_parts_of_a_form(create) -> None:
    database = create(
        driver="postgresql", host="db", port="5433", username="u", password=CANARY, database="shop", query="sslmode=require", url=""
    )
    assert urls.shown(database) == "postgresql://u:***@db:5433/shop?sslmode=require"


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("driver", "oracle"),
        ("driver", 5),
        ("host", ["db"]),
        ("host", "/var/run"),
        ("port", "x"),
        ("port", "99999"),
        ("port", 0),
        ("port", True),
        ("port", 1.5),
        ("username", None),
        ("database", ""),
        ("query", "options=-c x"),
        ("query", "sslmode=require&sslmode=disable"),
        ("query", 7),
        ("query", {"sslmode": 1}),
        ("password", ["x"]),
        ("password", "a\nb"),
        ("password", "x" * 4096),
        ("password", "***"),
        ("name", 7),
        ("version_table", "a\0b"),
        ("version_table_schema", "x" * 129),
        ("create_if_missing", "yes"),
        ("project", "nothing"),
        ("project", 7),
        ("project", "\ud800"),
        ("project", "\0"),
        ("environment", ""),
        ("environment", None),
        ("colour", "red"),
    ],
)
def test_create_database_names_the_field_that_is_wrong(create, part: str, value: object) -> None:
    fields = {"driver": "postgresql", "host": "db", "username": "u", "database": "shop", "port": 5432}
    with pytest.raises(Invalid) as caught:
        create(**fields | {part: value})
    assert list(caught.value.fields) == [part]
    assert not Database.objects.exists()


def test_create_database_takes_a_name_once_per_project_and_environment(create) -> None:
    create(url=PG)
    with pytest.raises(Conflict, match="without a name"):
        create(url=PG)
    create(url=PG, name="eu-1")
    with pytest.raises(NameTaken, match="eu-1"):
        create(url=PG, name="eu-1")


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"name": "other"}, True),
        ({"url": "postgresql+psycopg2://reader:***@127.0.0.1:5432/shop"}, True),
        ({"url": "postgresql+psycopg2://reader:***@127.0.0.1:5432/other"}, True),
        ({"url": "postgresql+asyncpg://reader:***@127.0.0.1:5432/shop"}, True),
        ({"database": "other"}, True),
        ({"password": ""}, True),
        ({"password": "***"}, True),
        ({"host": "127.0.0.1", "port": 5432}, True),
        ({"host": "evil.example.org"}, False),
        ({"port": 5433}, False),
        ({"username": "other"}, False),
        ({"driver": "mysql+pymysql"}, False),
        ({"clear_password": True}, False),
        ({"url": "postgresql+psycopg2://reader@127.0.0.1:5432/shop"}, False),
        ({"url": "postgresql+psycopg2://reader@evil.example.org:5432/shop"}, False),
    ],
)
def test_update_database_keeps_the_password_only_for_the_same_target(create, admin: User, change: dict[str, object], kept: bool) -> None:
    database = create(url=PG)
    services.update_database(database, user=admin, fields=change)
    database.refresh_from_db()
    assert secrets.decrypt(database) == (CANARY if kept else "")


@pytest.mark.parametrize(
    "change", [{"url": "postgresql://reader:***@evil.example.org/shop"}, {"host": "evil.example.org", "password": "***"}]
)
def test_update_database_asks_for_the_password_of_a_new_target(create, admin: User, change: dict[str, object]) -> None:
    database = create(url=PG)
    with pytest.raises(Invalid, match="Type the password"):
        services.update_database(database, user=admin, fields=change)
    assert secrets.decrypt(Database.objects.get(pk=database.pk)) == CANARY


@pytest.mark.parametrize(
    "change", [{"password": "another one"}, {"url": PG.replace(CANARY, "another one")}, {"host": "h2", "password": "another one"}]
)
def test_update_database_takes_a_new_password(create, admin: User, change: dict[str, object]) -> None:
    database = services.update_database(create(url=PG), user=admin, fields=change)
    assert secrets.decrypt(database) == "another one"
    assert database.secret_changed_at


def test_update_database_forgets_what_another_target_said(create, admin: User, django_capture_on_commit_callbacks) -> None:
    database = create(url=PG)
    Database.objects.filter(pk=database.pk).update(state="pending", current=["a"], pending=["b"], pending_count=1)
    database.refresh_from_db()
    with django_capture_on_commit_callbacks() as rung:
        services.update_database(database, user=admin, fields={"database": "other"})
    assert (database.state, database.current, database.pending_count, len(rung)) == ("unchecked", [], 0, 1)


def test_update_database_keeps_what_was_read_when_only_the_name_changes(create, admin: User, django_capture_on_commit_callbacks) -> None:
    database = create(url=PG)
    Database.objects.filter(pk=database.pk).update(state="pending", current=["a"])
    database.refresh_from_db()
    with django_capture_on_commit_callbacks() as rung:
        services.update_database(database, user=admin, fields={"name": "x"})
    assert (database.state, database.current, rung) == ("pending", ["a"], [])


def test_update_database_stays_with_its_project(create, admin: User) -> None:
    from migrations_store.models import Project

    Project.objects.create(slug="other", name="Other", source_kind="directory", source_path="/srv/other")
    with pytest.raises(Invalid, match="stays with its project"):
        services.update_database(create(url=PG), user=admin, fields={"project": "other"})


def test_request_check_rings_a_worker_and_leaves_an_entry(create, django_capture_on_commit_callbacks) -> None:
    database, operator = create(url=PG), User.objects.create(username="op", role=Role.OPERATOR)
    with django_capture_on_commit_callbacks() as rung:
        services.request_check(database, user=operator)
    assert len(rung) == 1
    assert actions()[-1] == "database.check"


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """Celery as it is configured, but with this broker."""
    before = current_app._get_current_object()
    app = Celery("with another broker", set_as_current=False)
    app.config_from_object("django.conf:settings", namespace="CELERY")
    app.conf.broker_url = app.conf.broker_write_url = request.param
    app.set_current()
    yield request.param
    app.close()
    before.set_current()


@pytest.fixture
def silent_port() -> Iterator[int]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("broker", ["redis://127.0.0.1:1/0", "redis+socket:///nonexistent/broker.sock"], indirect=True)
def test_request_check_swallows_a_broker_that_is_down(create, admin, django_capture_on_commit_callbacks, broker: str) -> None:
    database = create(url=PG)
    begun = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        services.request_check(database, user=admin)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("broker", ["redis://nobody"], indirect=True)
def test_request_check_does_not_wait_for_a_silent_broker(
    create, admin, django_capture_on_commit_callbacks, broker: str, silent_port: int
) -> None:
    current_app.conf.broker_url = current_app.conf.broker_write_url = f"redis://127.0.0.1:{silent_port}/0"
    database = create(url=PG)
    begun = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        services.request_check(database, user=admin)
    assert time.monotonic() - begun < 3


def test_test_connection_tries_what_is_not_saved(admin: User, project, dev: Environment, sqlite_file: Path, write) -> None:
    write(sqlite_file, "a1")
    fields = {"project": "shop", "environment": "dev", "url": f"sqlite:///{sqlite_file}"}
    findings = services.test_connection(user=admin, fields=fields)
    assert [(one.name, one.passed) for one in findings] == [
        (name, True) for name in ("reachable", "login", "read", "create", "version", "current")
    ]
    assert findings[-1].detail == "a1"
    assert not Database.objects.exists()


def test_test_connection_changes_nothing_of_a_kept_profile(create, admin: User, sqlite_file: Path) -> None:
    database = create(url=f"sqlite:///{sqlite_file}")
    findings = services.test_connection(user=admin, database=database, fields={"url": f"sqlite:///{sqlite_file}.none"})
    assert [(one.name, one.passed) for one in findings] == [("reachable", False)]
    assert Database.objects.get().database == str(sqlite_file)


@pytest.mark.postgresql
def test_test_connection_names_what_is_missing(create, admin: User, postgres, pg_sql) -> None:
    url = postgres.create_database("trial")
    pg_sql(url, f"CREATE ROLE trial_user LOGIN PASSWORD '{CANARY}'")
    database = create(url=url.replace(postgres.password, CANARY).replace("postgres:", "trial_user:", 1))
    findings = {one.name: one for one in services.test_connection(user=admin, database=database)}
    assert not findings["create"].passed
    assert "GRANT" in findings["create"].detail.upper()
    pg_sql(url, "GRANT CREATE ON SCHEMA public TO trial_user")
    assert all(one.passed for one in services.test_connection(user=admin, database=database))


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("part", "value", "failed"), [("password", "wrong one", "login"), ("database", "none", "login"), ("port", 1, "reachable")]
)
def test_test_connection_ends_at_the_first_failure(create, admin: User, postgres, part: str, value: object, failed: str) -> None:
    database = create(url=postgres.url())
    changes = {part: value} | ({"password": "wrong one"} if part == "port" else {})
    findings = services.test_connection(user=admin, database=database, fields=changes)
    assert (findings[-1].name, findings[-1].passed) == (failed, False)
    assert all(one.passed for one in findings[:-1])


def test_refresh_project_judges_again_without_connecting(create, admin: User, code, monkeypatch) -> None:
    code("a", "b")
    database = create(url=PG)
    Database.objects.filter(pk=database.pk).update(state="up_to_date", current=["b"])
    newer = code("a", "b", "c")
    monkeypatch.setattr(services.store, "take_snapshot", lambda *_, **__: newer)
    assert services.refresh_project(database.project, user=admin) == newer
    database.refresh_from_db()
    assert (database.state, database.pending) == ("pending", ["c"])


@pytest.mark.parametrize("broker", ["redis://nobody"], indirect=True)
def test_request_check_puts_only_an_id_into_the_queue(
    create, admin, django_capture_on_commit_callbacks, broker: str, tmp_path: Path
) -> None:
    database = create(url=PG)
    with EmbeddedValkey(tmp_path / "valkey") as valkey:
        current_app.conf.broker_url = current_app.conf.broker_write_url = valkey.url().replace("unix://", "redis+socket://")
        with django_capture_on_commit_callbacks(execute=True):
            services.request_check(database, user=admin)
        with redis.Redis.from_url(valkey.url()) as client:
            message = json.loads(client.lrange("reads", 0, -1)[0])
    assert CANARY not in str(message)
    assert json.loads(base64.b64decode(message["body"]))[0] == [str(database.pk)]
