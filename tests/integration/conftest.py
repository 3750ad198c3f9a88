"""One real server, with broker, workers and scheduler, for all tests here that do not stop it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import EmbeddedPostgres
from tests.integration.stage import Gate, Stage
from tests.runner.projects import World, table
from tests.support.dashboard import TOKEN, serving
from tests.support.targets import Target

PASSWORD = "a good password"
LIMITS = {"JOB_TIMEOUT": "20", "PREVIEW_TIMEOUT": "4"}  # a project that hangs is to be seen hanging, but not for hours


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    data = tmp_path_factory.mktemp("server") / "data"
    with serving(data, ADMIN_PASSWORD=PASSWORD, ADMIN_TOKEN=TOKEN, **LIMITS) as dashboard:
        dashboard.wait_until_ready()
        yield Stage(dashboard)


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A project without revisions."""
    return World(tmp_path / "project")


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    gate = Gate(tmp_path / "gate")
    yield gate
    gate.open()


@pytest.fixture
def gated(world: World, gate: Gate) -> World:
    """one makes a table; two makes a table and then waits at the gate."""
    world.revision("one", table("one"), 'op.drop_table("one")')
    world.revision("two", f"{table('two')}\n{gate.code}", 'op.drop_table("two")')
    return world


@pytest.fixture
def postgresql(postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[Target]:
    """A new, empty database."""
    yield Target.postgresql(postgres.create_database(tmp_path.name))
    postgres.drop_database(tmp_path.name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    """A new, empty database of each kind."""
    if request.param == "sqlite":
        return Target.sqlite(tmp_path / "target.db")
    found: Target = request.getfixturevalue("postgresql")
    return found
