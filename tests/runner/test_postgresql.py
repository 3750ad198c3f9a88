"""The hook on a real PostgreSQL: proof, lock and limits, by every driver that is installed here."""

import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from config.embedded import EmbeddedPostgres, free_port, is_free
from tests.runner.projects import ENV, World, run, table
from tests.support.patience import eventually

pytestmark = pytest.mark.postgresql
KEY = -1234567890123456789
ASYNC_ENV = """\
import asyncio
from alembic import context
from sqlalchemy import pool
from sqlalchemy.ext.asyncio import create_async_engine

url = context.config.get_main_option("sqlalchemy.url")

def migrate(connection):
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()

async def main():
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), durable=False) as running:
        yield running


@pytest.fixture
def shop(server: EmbeddedPostgres, request: pytest.FixtureRequest) -> str:
    """The name of an empty database of this test's own."""
    name = request.node.name.split("[")[0][-50:] + str(time.monotonic_ns())[-8:]
    server.create_database(name)
    return name


@pytest.fixture
def session(server: EmbeddedPostgres, shop: str) -> Iterator[Any]:
    connection = psycopg2.connect(server.url(shop, "postgresql"))
    connection.autocommit = True
    yield connection.cursor()
    connection.close()


@pytest.fixture
def world(tmp_path: Path, server: EmbeddedPostgres, shop: str) -> World:
    made = World(tmp_path / "project")
    made.revision("one", table("one"), 'op.drop_table("one")')
    return made


def spec(world: World, server: EmbeddedPostgres, shop: str, session: Any, driver: str = "postgresql+psycopg2", **changes: Any) -> Any:
    limits = {"lock_key": KEY, "lock_wait": 1, "lock_timeout": 3, "statement_timeout": 30, "application_name": "alembic-dashboard job 5"}
    return world.spec(url=server.url(shop, driver), identity=identity(session), **(limits | changes))


def identity(session: Any) -> dict[str, Any]:
    session.execute(
        "SELECT current_database(), (SELECT oid FROM pg_database WHERE datname = current_database())::bigint,"
        " (pg_postmaster_start_time() AT TIME ZONE 'UTC')::text || '+00:00', (SELECT system_identifier::text FROM pg_control_system())"
    )
    return dict(zip(("database", "database_oid", "started_at", "system_identifier"), session.fetchone(), strict=True)) | {
        "dialect": "postgresql"
    }


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg"])
def test_upgrade_under_the_lock(world: World, server: EmbeddedPostgres, shop: str, session: Any, driver: str) -> None:
    if importlib.util.find_spec(driver) is None:
        pytest.skip(f"{driver} is not installed")
    if driver == "asyncpg":
        world.write("migrations/env.py", ASYNC_ENV)
    where = {"version_table": "alembic_version", "search_path": ["public"]}
    seen = run(spec(world, server, shop, session, f"postgresql+{driver}", **where))
    assert seen.exit.closed, seen.text
    told = [event["event"] for event in seen.events]
    assert told.index("connected") < told.index("locked") < told.index("sql")
    session.execute("SELECT version_num FROM alembic_version")
    assert session.fetchall() == [("one",)]


def test_settings_reach_the_session(world: World, server: EmbeddedPostgres, shop: str, session: Any) -> None:
    names = ("application_name", "lock_timeout", "statement_timeout", "client_connection_check_interval")
    world.revision("two", "\n".join(f"print(op.get_bind().exec_driver_sql('SHOW {name}').scalar())" for name in names))
    assert run(spec(world, server, shop, session)).text == "alembic-dashboard job 5\n3s\n30s\n500ms"


@pytest.mark.parametrize(
    "code",
    [
        "connection = op.get_bind()\nconnection.exec_driver_sql('RESET ALL')",
        "import psycopg2\nconnection = psycopg2.connect({url!r})",
    ],
    ids=["after RESET ALL", "beside SQLAlchemy"],
)
def test_every_session_has_the_jobs_name(world: World, server: EmbeddedPostgres, shop: str, session: Any, code: str) -> None:
    """By it what is left on the server is found and ended, before anything is said of the database."""
    ask = '\ncursor = getattr(connection, "connection", connection).cursor()\ncursor.execute("SHOW application_name")'
    world.revision("two", code.format(url=server.url(shop, "postgresql")) + ask + "\nprint(cursor.fetchone()[0])")
    assert run(spec(world, server, shop, session, env_vars={"PGAPPNAME": "shop"})).text == "alembic-dashboard job 5"


TENANT = """\
        from sqlalchemy import text
        connection.execute(text("CREATE SCHEMA oslo"))
        connection.execute(text("SET search_path TO {path}"))
        connection.commit()
        connection.dialect.default_schema_name = "oslo"
"""


@pytest.mark.parametrize("more", ["", ", transaction_per_migration=True", ', version_table_schema="oslo"'])
@pytest.mark.parametrize("command", ["upgrade", "stamp"])
def test_a_search_path_that_leads_the_version_elsewhere_ends_the_run(
    world: World, server: EmbeddedPostgres, shop: str, session: Any, more: str, command: str
) -> None:
    """Alembic's own recipe for a schema for each tenant: without the schema in the settings nobody would read that version."""
    configure = "        context.configure(connection=connection"
    world.write("migrations/env.py", ENV.replace(configure, TENANT.format(path="oslo") + configure + more))
    where = {"version_table": "alembic_version", "search_path": ["postgres", "public"]}
    document = spec(world, server, shop, session, **where) | {"command": command}
    seen = run(document)
    assert seen.error["code"] == "version_elsewhere", seen.text
    assert "in oslo.alembic_version, and the settings of this database name alembic_version. Nothing was run." in seen.error["message"]
    session.execute("SELECT tablename FROM pg_tables WHERE schemaname IN ('oslo', 'public')")
    assert session.fetchall() == []


@pytest.mark.parametrize(
    ("path", "before", "where"),
    [
        ("oslo", "", {"version_table_schema": "oslo", "search_path": ["postgres", "public"]}),
        ("oslo", "", {"search_path": ["oslo", "public"]}),
        ("oslo, public", "CREATE TABLE alembic_version (version_num varchar(32))", {"search_path": ["postgres", "public"]}),
    ],
    ids=["named in the settings", "of the role", "behind it the known table"],
)
def test_a_search_path_of_a_version_that_is_read_may_be_set(
    world: World, server: EmbeddedPostgres, shop: str, session: Any, path: str, before: str, where: dict[str, Any]
) -> None:
    configure = "        context.configure(connection=connection"
    world.write("migrations/env.py", ENV.replace(configure, TENANT.format(path=path) + configure))
    if before:
        session.execute(before)
    seen = run(spec(world, server, shop, session, version_table="alembic_version", **where))
    assert seen.exit.closed, seen.text


def test_concurrent_index_in_an_autocommit_block(world: World, server: EmbeddedPostgres, shop: str, session: Any) -> None:
    world.revision("two", 'with op.get_context().autocommit_block():\n    op.execute("CREATE INDEX CONCURRENTLY i ON one (id)")')
    seen = run(spec(world, server, shop, session))
    assert seen.exit.closed, seen.text


def test_the_lock_is_waited_for_and_given_up(world: World, server: EmbeddedPostgres, shop: str, session: Any) -> None:
    session.execute("SELECT pg_advisory_lock(%s)", [KEY])
    seen = run(spec(world, server, shop, session))
    assert (seen.exit.returncode, seen.error["code"], seen.named("sql")) == (75, "lock_busy", [])
    assert "It is held by session" in seen.error["message"]
    assert seen.named("waiting_for_lock")


def test_the_lock_ends_with_the_run(world: World, server: EmbeddedPostgres, shop: str, session: Any) -> None:
    run(spec(world, server, shop, session))
    session.execute("SELECT pg_try_advisory_lock(%s)", [KEY])
    assert session.fetchone() == (True,)


def test_the_lock_is_taken_again_with_a_second_session(world: World, server: EmbeddedPostgres, shop: str, session: Any) -> None:
    look = "create_engine(url, poolclass=pool.NullPool).connect().close()\n"
    world.write("migrations/env.py", ENV.replace("if context.is_offline_mode", look + "if context.is_offline_mode"))
    assert len(run(spec(world, server, shop, session)).named("locked")) == 2


def test_a_second_connection_beside_the_first_takes_no_lock(world: World, server: EmbeddedPostgres, shop: str, session: Any) -> None:
    world.revision("two", "sa.create_engine(op.get_context().config.get_main_option('sqlalchemy.url')).connect().close()")
    seen = run(spec(world, server, shop, session))
    assert (seen.exit.closed, len(seen.named("locked"))) == (True, 1)


@pytest.mark.parametrize(
    "other", [{"database_oid": 1}, {"database": "prod"}, {"started_at": "2020-01-01 00:00:00+00:00"}, {"system_identifier": "7"}]
)
def test_each_fact_of_the_identity_counts(world: World, server: EmbeddedPostgres, shop: str, session: Any, other: Any) -> None:
    seen = run(spec(world, server, shop, session) | {"identity": identity(session) | other})
    assert (seen.exit.returncode, seen.error["code"], seen.named("sql")) == (76, "wrong_database", [])


def test_a_role_that_may_not_read_the_identifier_is_proven_by_the_rest(
    world: World, server: EmbeddedPostgres, shop: str, session: Any
) -> None:
    session.execute(
        "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC; DROP ROLE IF EXISTS low; CREATE ROLE low LOGIN PASSWORD 'lowly'"
    )
    session.execute("GRANT ALL ON SCHEMA public TO low")
    url = server.url(shop).replace(server.url(shop).split("//")[1].split("@")[0], "low:lowly")
    seen = run(spec(world, server, shop, session) | {"url": url})
    assert seen.exit.closed, seen.text + str(seen.error)


def test_another_database_of_the_same_server_is_refused(world: World, server: EmbeddedPostgres, shop: str, session: Any) -> None:
    seen = run(spec(world, server, shop, session) | {"url": server.url("postgres")})
    assert seen.error["code"] == "wrong_database"


def test_a_lock_timeout_gives_the_servers_code(world: World, server: EmbeddedPostgres, shop: str, session: Any) -> None:
    session.execute("CREATE TABLE busy (id int)")
    session.execute("BEGIN; LOCK TABLE busy")
    world.revision("two", 'op.execute("ALTER TABLE busy ADD note text")')
    seen = run(spec(world, server, shop, session, lock_timeout=1))
    assert (seen.error["code"], seen.error["pgcode"], seen.error["step"]) == ("database", "55P03", "two")
    session.execute("ROLLBACK; SELECT to_regclass('one')")
    assert session.fetchone() == (None,)


def test_a_stopped_statement_ends_on_the_server_too(world: World, server: EmbeddedPostgres, shop: str, session: Any) -> None:
    world.revision("two", 'op.execute("SELECT pg_sleep(60)")')
    query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'alembic-dashboard job 5' AND query LIKE 'SELECT pg_sleep%'"

    def asleep() -> bool:
        session.execute(query)
        return bool(session.fetchone()[0])

    assert run(spec(world, server, shop, session), should_stop=asleep).exit.stopped
    eventually(lambda: not asleep(), 5, "the statement has ended on the server", every=0.1)


@pytest.fixture
def pooler(server: EmbeddedPostgres) -> Iterator[int]:
    """The port of a PgBouncer before the server, in transaction mode."""
    if not shutil.which("pgbouncer"):
        pytest.skip("NOT TESTED BEHIND A POOLER: pgbouncer is not installed (apt install pgbouncer)")
    with tempfile.TemporaryDirectory(dir="/tmp") as place:
        port, directory = free_port(), Path(place)
        directory.chmod(0o755)
        (directory / "users").write_text(f'"{server.user}" "{server.password}"\n')
        options = {"listen_addr": "127.0.0.1", "listen_port": port, "auth_type": "plain", "auth_file": directory / "users"}
        options |= {"pool_mode": "transaction", "unix_socket_dir": "", "ignore_startup_parameters": "extra_float_digits"}
        lines = [
            "[databases]",
            f"* = host=127.0.0.1 port={server.port}",
            "[pgbouncer]",
            *(f"{key} = {text}" for key, text in options.items()),
        ]
        (directory / "ini").write_text("\n".join(lines))
        other_user = ["-u", "nobody"] if os.geteuid() == 0 else []
        with subprocess.Popen(["pgbouncer", "-q", *other_user, directory / "ini"], stderr=subprocess.DEVNULL) as process:
            eventually(lambda: not is_free(port), 10, "the pooler answers")
            yield port
            process.terminate()


@pytest.mark.parametrize(("allowed", "code", "tables"), [(False, "pooled", 0), (True, None, 1)])
def test_a_pooler_is_refused_unless_it_is_allowed(
    world: World, server: EmbeddedPostgres, shop: str, session: Any, pooler: int, allowed: bool, code: str | None, tables: int
) -> None:
    through = server.url(shop).replace(f":{server.port}/", f":{pooler}/")
    seen = run(spec(world, server, shop, session, allow_poolers=allowed) | {"url": through})
    assert (seen.exit.error or {}).get("code") == code
    session.execute("SELECT count(*) FROM pg_class WHERE relname = 'one'")
    assert session.fetchone() == (tables,)
