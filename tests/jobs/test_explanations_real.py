"""Every explanation of the catalogue on a failure that really happens: provoked in a real job on each kind of database where it can occur.

Where a failure has several forms, one goes through a whole job and the others are asked of the real server and described as the runner
does it. Rows whose form in the dashboard is a refusal, a state or a result instead of a failed job are tested as that:
AM-102 and AM-103 are refusals of a plan besides, AM-109 is what a check found, AM-204 of an untouched database is its state.

Not provoked on an engine because it has no such thing: AM-201, AM-202, AM-203 on SQLite (no server; a missing file is
`database_missing`), AM-302 on SQLite (nobody else can end its statements), AM-306 and AM-307 on SQLite (it converts everything, and has no
such statements), AM-307 on MariaDB (each statement of DDL stands alone anyway), AM-308 elsewhere, AM-309 on SQLite (it does not enforce a
length). AM-101 to AM-117 are Alembic's and the code's own, and do not depend on the engine: they are provoked on SQLite.
Not provoked at all, and covered by their recorded messages in test_explanations.py: "too many clients" of a full PostgreSQL and
"server has gone away", which need a server that others use at the same time; "sorry, too many connections" is provoked by a role's limit.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine

from accounts.models import User
from config.embedded import EmbeddedPostgres
from environments import services as environments
from environments.models import Database, DatabaseState
from jobs import catalogue, explanations
from jobs.models import JobStatus
from jobs.supervisor import Exit
from runner import failures
from tests.jobs.engines import Stage, mysql, postgresql, sqlite
from tests.support.mariadb import PASSWORD, USER, MariaDB

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ENTRIES = {entry.code: entry for entry in catalogue.CATALOGUE}
ENGINES = ("postgresql", "mariadb", "sqlite")
HOLD = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN IMMEDIATE'); print(1, flush=True); input()"


@pytest.fixture
def on(
    admin: User, root: Path, add_database: Callable[..., Database], tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[str], Stage]:
    """`on(engine)` gives the project with a database of that kind at its last revision, with tables to break something on."""

    def stage(engine: str) -> Stage:
        if engine == "postgresql":
            url = request.getfixturevalue("postgres").create_database("explained")
            connect = postgresql(url)
        elif engine == "mariadb":
            server: MariaDB = request.getfixturevalue("mariadb")
            url, connect = server.create_database("explained"), mysql(server.port, "explained", USER, PASSWORD)
        else:
            path = tmp_path / "explained.db"
            path.touch()
            url, connect = f"sqlite:///{path}", sqlite(path)
        found = Stage(engine, admin, root, add_database(url=url), connect)
        found.sql("CREATE TABLE t (id integer, n integer, word varchar(20))", "INSERT INTO t VALUES (1, NULL, 'one'), (1, 5, 'two')")
        found.sql("CREATE TABLE p (id integer PRIMARY KEY)", "CREATE TABLE c (p_id integer REFERENCES p (id))", "CREATE INDEX i ON t (n)")
        found.sql("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)", "INSERT INTO alembic_version VALUES ('three')")
        if engine == "mariadb":
            found.sql("DROP TABLE c", "CREATE TABLE c (p_id integer, FOREIGN KEY (p_id) REFERENCES p (id))")
        return found

    return stage


@pytest.fixture(autouse=True)
def _forget_postgres(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "postgres" in request.fixturenames or "postgresql" in request.node.name:
        request.getfixturevalue("postgres").drop_database("explained")


def told(error: dict[str, Any] | None, code: str, *words: str) -> None:
    """The card has the catalogue's code, title and next steps, and these words of the failure itself."""
    assert error is not None
    entry = ENTRIES[code]
    assert (error["code"], error["title"].lower()) == (code, f"shop/dev: {entry.title}".lower()), error
    assert set(error["next"]) <= {*entry.next, *explanations.PARTIAL}, error
    assert error["next"], error
    for word in words:
        assert word in error["why"], error["why"]


# One whole job each: code, engine, what the revision does, words of the explanation, and what is in the database afterwards.
JOBS: list[tuple[str, str, str, str, str]] = [
    ("AM-201", "postgresql", 'sa.create_engine("postgresql+psycopg2://u:p@127.0.0.1:1/x").connect()', "line", "unchanged"),
    ("AM-201", "mariadb", 'sa.create_engine("mysql+pymysql://u:p@127.0.0.1:1/x").connect()', "line", "unchanged"),
    ("AM-202", "postgresql", "sa.create_engine(op.get_bind().engine.url.set(password='no')).connect()", "line", "unchanged"),
    ("AM-202", "mariadb", "sa.create_engine(op.get_bind().engine.url.set(password='no')).connect()", "line", "unchanged"),
    ("AM-203", "postgresql", "sa.create_engine(op.get_bind().engine.url.set(database='nowhere')).connect()", "line", "unchanged"),
    ("AM-204", "postgresql", 'op.execute("DROP TABLE alembic_version")', "alembic_version", "unchanged"),
    ("AM-204", "mariadb", 'op.execute("DROP TABLE alembic_version")', "alembic_version", "partial"),
    ("AM-204", "sqlite", 'op.execute("DROP TABLE alembic_version")', "alembic_version", "partial"),
    (
        "AM-205",
        "postgresql",
        'op.execute("SET TRANSACTION READ ONLY")\nop.execute("CREATE TABLE x (id integer)")',
        "read-only",
        "unchanged",
    ),
    ("AM-205", "mariadb", 'op.execute("CREATE TABLE mysql.x (id integer)")', "denied", "unchanged"),
    ("AM-205", "sqlite", 'op.execute("PRAGMA query_only = ON")\nop.execute("CREATE TABLE x (id integer)")', "readonly", "unchanged"),
    ("AM-302", "postgresql", 'op.execute("SELECT pg_terminate_backend(pg_backend_pid())")', "line", "unchanged"),
    ("AM-302", "mariadb", 'op.execute("KILL CONNECTION_ID()")', "line", "unchanged"),
    ("AM-303", "postgresql", 'op.create_table("t", sa.Column("id", sa.Integer))', "t", "unchanged"),
    (
        "AM-303",
        "mariadb",
        'op.create_table("t_new", sa.Column("id", sa.Integer))\nop.create_table("t", sa.Column("id", sa.Integer))',
        "1050",
        "partial",
    ),
    ("AM-303", "sqlite", 'op.create_table("t", sa.Column("id", sa.Integer))', "t", "unchanged"),
    ("AM-304", "postgresql", 'op.execute("ALTER TABLE nope ADD x integer")', "nope", "unchanged"),
    ("AM-304", "mariadb", 'op.execute("ALTER TABLE nope ADD x integer")', "nope", "unchanged"),
    ("AM-304", "sqlite", 'op.execute("ALTER TABLE nope ADD x integer")', "nope", "unchanged"),
    ("AM-305", "postgresql", 'op.create_index("u", "t", ["id"], unique=True)', "Key (id)=(1) is duplicated", "unchanged"),
    ("AM-305", "mariadb", 'op.create_index("u", "t", ["id"], unique=True)', "1062", "unchanged"),
    ("AM-305", "sqlite", 'op.create_index("u", "t", ["id"], unique=True)', "UNIQUE", "unchanged"),
    ("AM-306", "postgresql", 'op.alter_column("t", "word", type_=sa.Date())', "USING word::date", "unchanged"),
    ("AM-306", "mariadb", 'op.drop_table("p")', "1451", "unchanged"),
    ("AM-307", "postgresql", 'op.create_index("k", "t", ["n"], postgresql_concurrently=True)', "line", "unchanged"),
    ("AM-308", "sqlite", 'op.alter_column("t", "n", nullable=False)', "ALTER", "unchanged"),
]


@pytest.mark.parametrize(("code", "engine", "up", "words", "state"), JOBS, ids=[f"{code}-{engine}" for code, engine, *_ in JOBS])
def test_a_failed_job_is_explained(on: Callable[[str], Stage], code: str, engine: str, up: str, words: str, state: str) -> None:
    stage = on(engine)
    stage.revision(up)
    job = stage.run()
    assert (job.status, job.database_state) == (JobStatus.FAILED, state), job.error
    told(job.error, code, words)
    assert (job.error or {})["next"][0] == (explanations.PARTIAL[0] if state == "partial" else ENTRIES[code].next[0])


# The other forms of the same failures: asked of the server itself, in a database that is the same.
FORMS: list[tuple[str, str, str]] = [
    ("AM-205", "postgresql", "SET ROLE powerless; CREATE TABLE x (id integer)"),
    ("AM-205", "postgresql", "SET search_path = ''; CREATE TABLE x (id integer)"),
    ("AM-205", "postgresql", "SET ROLE powerless; ALTER TABLE t ADD x integer"),
    ("AM-205", "mariadb", "CREATE DATABASE x"),
    ("AM-302", "postgresql", "SET statement_timeout = 50; SELECT pg_sleep(5)"),
    ("AM-302", "postgresql", "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(5)"),
    ("AM-302", "mariadb", "SET STATEMENT max_statement_time = 0.05 FOR SELECT sleep(5), count(*) FROM t a, t b, t c"),
    ("AM-302", "mariadb", "KILL QUERY CONNECTION_ID()"),
    ("AM-303", "postgresql", "ALTER TABLE t ADD n integer"),
    ("AM-303", "postgresql", "CREATE TYPE t AS ENUM ('a')"),
    ("AM-303", "postgresql", "ALTER TABLE p ADD CONSTRAINT p_pkey CHECK (true)"),
    ("AM-303", "postgresql", "CREATE INDEX i ON t (id)"),
    ("AM-303", "postgresql", "CREATE SCHEMA public"),
    ("AM-303", "mariadb", "ALTER TABLE t ADD n integer"),
    ("AM-303", "mariadb", "CREATE INDEX i ON t (id)"),
    ("AM-303", "sqlite", "ALTER TABLE t ADD n integer"),
    ("AM-303", "sqlite", "CREATE INDEX i ON t (id)"),
    ("AM-304", "postgresql", "DROP TABLE nope"),
    ("AM-304", "postgresql", "ALTER TABLE t DROP nope"),
    ("AM-304", "postgresql", "SELECT nope FROM t"),
    ("AM-304", "postgresql", "DROP INDEX nope"),
    ("AM-304", "postgresql", "ALTER TABLE t DROP CONSTRAINT nope"),
    ("AM-304", "postgresql", "CREATE TABLE nope.x (id integer)"),
    ("AM-304", "postgresql", "ALTER TABLE t ADD x nope"),
    ("AM-304", "mariadb", "DROP TABLE nope"),
    ("AM-304", "mariadb", "ALTER TABLE t DROP nope"),
    ("AM-304", "mariadb", "SELECT nope FROM t"),
    ("AM-304", "mariadb", "DROP INDEX nope ON t"),
    ("AM-304", "sqlite", "DROP TABLE nope"),
    ("AM-304", "sqlite", "SELECT nope FROM t"),
    ("AM-304", "sqlite", "DROP INDEX nope"),
    ("AM-305", "postgresql", "ALTER TABLE t ALTER n SET NOT NULL"),
    ("AM-305", "postgresql", "ALTER TABLE t ADD CHECK (n > 9)"),
    ("AM-305", "postgresql", "ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES p (id)"),
    ("AM-305", "postgresql", "INSERT INTO c VALUES (99)"),
    ("AM-305", "mariadb", "ALTER TABLE t MODIFY n integer NOT NULL"),
    ("AM-305", "mariadb", "ALTER TABLE t ADD CHECK (n > 9)"),
    ("AM-305", "mariadb", "ALTER TABLE t ADD FOREIGN KEY (id) REFERENCES p (id)"),
    ("AM-305", "sqlite", "ALTER TABLE t ADD x integer NOT NULL"),
    ("AM-305", "sqlite", "CREATE TABLE x (id integer NOT NULL); INSERT INTO x VALUES (NULL)"),
    ("AM-305", "sqlite", "CREATE TABLE x (id integer CHECK (id > 9)); INSERT INTO x VALUES (1)"),
    ("AM-305", "sqlite", "PRAGMA foreign_keys = ON; INSERT INTO c VALUES (99)"),
    ("AM-306", "postgresql", "CREATE VIEW v AS SELECT n FROM t; ALTER TABLE t DROP n"),
    ("AM-306", "postgresql", "DROP TABLE p"),
    ("AM-306", "mariadb", "ALTER TABLE c DROP INDEX p_id"),
    ("AM-307", "postgresql", "VACUUM"),
    ("AM-308", "sqlite", "ALTER TABLE t ADD CONSTRAINT x CHECK (n > 9)"),
    ("AM-309", "postgresql", f"UPDATE alembic_version SET version_num = '{'x' * 33}'"),
    ("AM-309", "mariadb", f"UPDATE alembic_version SET version_num = '{'x' * 33}'"),
]


@pytest.mark.parametrize("engine", ENGINES)
def test_every_form_of_a_failure_is_explained(on: Callable[[str], Stage], engine: str, postgres: EmbeddedPostgres) -> None:
    stage = on(engine)
    if engine == "postgresql":
        stage.sql(
            "DROP ROLE IF EXISTS powerless",
            "CREATE ROLE powerless",
            "REVOKE ALL ON SCHEMA public FROM PUBLIC",
            "GRANT USAGE ON SCHEMA public TO powerless",
        )
    wrong = {}
    for code, kind, statements in FORMS:
        if kind == engine and (error := described(stage, statements))["code"] != code:
            wrong[statements] = (error["code"], error["detail"].get("message"))
    assert wrong == {}


def described(stage: Stage, statements: str) -> dict[str, Any]:
    """What the card says when a revision does this; nothing of it stays."""
    url = {"sqlite": "sqlite://", "postgresql": "postgresql+psycopg2://", "mariadb": "mysql+pymysql://"}[stage.engine]
    engine = create_engine(url, creator=stage.connect, poolclass=NullPool)
    with closing(engine.connect()) as connection:
        try:
            for statement in statements.split("; "):
                connection.exec_driver_sql(statement)
        except Exception as error:  # noqa: BLE001 whatever the driver raises is what is looked at
            event = {"event": "error"} | failures.describe(error, "/nowhere")
            found = explanations.explain(event, Exit(returncode=1), "", place="shop/dev", database_state="unchanged")
        else:
            found = {"code": "it works", "detail": {}}
    if stage.engine == "sqlite":
        stage.sql("DROP TABLE IF EXISTS x")
    return found


# --- waiting for a lock


@pytest.mark.parametrize("engine", ENGINES)
def test_who_was_in_the_way_is_told(on: Callable[[str], Stage], engine: str) -> None:
    stage = on(engine)
    stage.revision('op.execute("ALTER TABLE t ADD x integer")')
    if engine == "sqlite":
        holder = subprocess.Popen([sys.executable, "-c", HOLD, stage.database.database], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert holder.stdout
        holder.stdout.readline()
        job = stage.run()
        holder.communicate(b"\n")
    else:
        with stage.holding("BEGIN", "SELECT * FROM t"):
            job = stage.run()
    told(job.error, "AM-301", "It waited for", {"sqlite": "python", "postgresql": "billing-worker", "mariadb": "user shop"}[engine])
    assert (job.error or {})["detail"]["blocked_by"]["sessions"]
    assert job.database_state == "unchanged"


# --- connections of a profile


@pytest.mark.parametrize(
    ("engine", "changes", "code"),
    [
        ("postgresql", {"port": 1}, "refused"),
        ("postgresql", {"password": "wrong"}, "login_rejected"),
        ("postgresql", {"database": "nowhere"}, "database_missing"),
        ("mariadb", {"port": 1}, "refused"),
        ("mariadb", {"password": "wrong"}, "login_rejected"),
        ("mariadb", {"host": "name.invalid"}, "dns_failed"),
    ],
)
def test_a_database_that_cannot_be_reached_says_why(on: Callable[[str], Stage], engine: str, changes: dict[str, Any], code: str) -> None:
    stage = on(engine)
    job = stage.request()
    url = {"postgresql": "postgresql+psycopg2", "mariadb": "mysql+pymysql"}[engine]
    database = stage.database
    parts = {"port": database.port, "host": database.host, "database": database.database, "password": None} | changes
    from environments import secrets  # the profile's own, so that one thing is wrong at a time

    password = parts["password"] or secrets.decrypt(database)
    fields = {"url": f"{url}://{database.username}:{password}@{parts['host']}:{parts['port']}/{parts['database']}"}
    environments.update_database(database, user=stage.user, fields=fields)
    environments.check_database_now(database)
    database.refresh_from_db()
    assert (database.state, database.error_code) == (DatabaseState.UNREACHABLE, code)
    assert stage.execute(job).error is not None  # its settings have changed since the plan
