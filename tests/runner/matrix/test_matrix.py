"""The runner with the versions that projects pin: Python 3.9 to 3.13, Alembic 1.10 to 1.20, SQLAlchemy 1.4 to 2.1, by every driver.

The oldest and the newest are run by default; RUNNER_MATRIX=all brings those in between.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.runner.matrix.conftest import Target
from tests.runner.matrix.installations import ALL, Installation
from tests.runner.projects import ENV, Seen, World, run, table
from tests.support import figures

pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.timeout(900)]
CHOSEN = ALL if os.environ.get("RUNNER_MATRIX") == "all" else [one for one in ALL if one.version in ("3.9", "3.13")]
everywhere = pytest.mark.parametrize("installation", CHOSEN, ids=str, indirect=True)

DRIVERS = ["sqlite", "sqlite+aiosqlite", "postgresql+psycopg2", "postgresql+psycopg", "postgresql+asyncpg", "postgresql+psycopg_async"]
DRIVERS += ["mysql+pymysql", "mysql+aiomysql", "mysql+asyncmy", "mariadb+pymysql"]
ASYNC = ("aiosqlite", "asyncpg", "psycopg_async", "aiomysql", "asyncmy")
PACKAGES = {"psycopg_async": "psycopg", "sqlite": "alembic", "psycopg2": "psycopg2-binary"}
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
SHOWN = {
    "postgresql": ("SHOW application_name", "SHOW lock_timeout", "SHOW statement_timeout", "SHOW client_connection_check_interval"),
    "mysql": ("SELECT @@lock_wait_timeout", "SELECT @@innodb_lock_wait_timeout", "SELECT @@max_statement_time"),
    "sqlite": ("PRAGMA busy_timeout",),
}
SETTINGS = {"postgresql": ["a job", "4s", "40s", "500ms"], "mysql": ["4", "4", "40.0"], "sqlite": ["4000"]}
LIMITS = {"lock_key": 99, "lock_wait": 5, "lock_timeout": 4, "statement_timeout": 40, "application_name": "a job"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path / "project")
    made.revision("one", table("one"), 'op.drop_table("one")')
    return made


@pytest.fixture
def target(request: pytest.FixtureRequest, driver: str) -> Target:
    kind = driver.partition("+")[0]
    found: Target = request.getfixturevalue(f"on_{'mysql' if kind == 'mariadb' else kind}")
    return found


def needs(installation: Installation, driver: str) -> None:
    """Leaves out what the installation does not have, or its SQLAlchemy does not know."""
    name = driver.rpartition("+")[2]
    is_old = "sqlalchemy==1.4" in installation.pins.read_text()
    if not installation.has(PACKAGES.get(name, name)) or (is_old and name in ("psycopg", "psycopg_async", "asyncmy")):
        pytest.skip(f"{installation} has no {name}")


def go(world: World, installation: Installation, target: Target, driver: str, **changes: Any) -> Seen:
    return run(world.spec(url=target.url(driver), **(LIMITS | {"identity": target.identity} | changes)), installation.python)


@everywhere
@pytest.mark.parametrize("driver", DRIVERS)
def test_every_driver_proves_locks_limits_and_migrates(world: World, installation: Installation, target: Target, driver: str) -> None:
    needs(installation, driver)
    if driver.endswith(ASYNC):
        world.write("migrations/env.py", ASYNC_ENV)
    world.revision("two", "\n".join(f"print('is', op.get_bind().exec_driver_sql({query!r}).scalar())" for query in SHOWN[target.kind]))
    wrong = go(world, installation, target, driver, identity=target.identity | {"database": "other", "path": "/other", "server": "other"})
    assert (wrong.exit.returncode, wrong.error["code"], wrong.named("sql")) == (76, "wrong_database", []), wrong.text
    seen = go(world, installation, target, driver)
    assert seen.exit.closed, seen.text
    told = [event["event"] for event in seen.events]
    assert told.index("connected") < told.index("locked") < told.index("context") < told.index("step_started")
    assert [text[3:] for _, text in seen.lines if text.startswith("is ")] == SETTINGS[target.kind]
    assert [event["revision"] for event in seen.named("step_finished")] == ["one", "two"]
    assert target.version() == ["two"]
    started = seen.named("started")[0]
    figures.note(f"Python {started['python']}, Alembic {started['alembic']}, SQLAlchemy {started['sqlalchemy']}: {driver}")


FLASK_APP = """\
import os
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy

db = SQLAlchemy()

def create_app():
    app = Flask(__name__)
    app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["SHOP_DSN"]
    db.init_app(app)
    Migrate(app, db)
    return app
"""


@everywhere
@pytest.mark.parametrize("driver", ["postgresql+psycopg2"])
@pytest.mark.parametrize("name", ["shop:create_app()", "shop:create_app"])
def test_a_flask_migrate_project(world: World, installation: Installation, target: Target, driver: str, name: str) -> None:
    """Its env.py is the one that Flask-Migrate itself writes: no URL of Alembic's, everything from the application."""
    template = next(installation.home.glob("lib/python3.*/site-packages/flask_migrate/templates/flask"))
    world.write("shop.py", FLASK_APP)
    world.write("migrations/env.py", (template / "env.py").read_text())
    world.write("migrations/alembic.ini", (template / "alembic.ini.mako").read_text())
    (world.root / "alembic.ini").unlink()
    place = {"config_file": str(world.root / "migrations/alembic.ini"), "flask_app": name}
    seen = go(world, installation, target, driver, env_vars={"SHOP_DSN": target.url(driver)}, **place)
    assert seen.exit.closed, seen.text
    assert target.version() == ["one"]


@everywhere
@pytest.mark.parametrize("driver", ["mysql+pymysql"])
def test_a_project_that_wants_arguments_and_variables(world: World, installation: Installation, target: Target, driver: str) -> None:
    wanted = "context.get_x_argument(as_dictionary=True)['dsn'] + os.environ['SHOP_SUFFIX']"
    world.write("migrations/env.py", ENV.replace('config.get_main_option("sqlalchemy.url")', wanted))
    url = target.url(driver)
    seen = go(world, installation, target, driver, x_arguments=[f"dsn={url[:-1]}", "tenant=a"], env_vars={"SHOP_SUFFIX": url[-1]})
    assert seen.exit.closed, seen.text
    assert target.version() == ["one"]


@everywhere
@pytest.mark.parametrize("driver", ["postgresql+asyncpg"])
def test_the_version_table_is_the_one_that_env_configures(world: World, installation: Installation, target: Target, driver: str) -> None:
    env = ASYNC_ENV.replace("(connection=connection)", "(connection=connection, version_table='turns', version_table_schema='public')")
    world.write("migrations/env.py", env)
    seen = go(world, installation, target, driver)
    assert seen.exit.closed, seen.text
    (context,) = seen.named("context")
    assert (context["version_table"], context["version_table_schema"], context["dialect"]) == ("turns", "public", "postgresql")
    assert target.version("public.turns") == ["one"]
