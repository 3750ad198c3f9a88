"""Proposals with the versions that projects pin, and servers that refuse what a proposal may not do."""

import ast
from typing import Any

import pytest

from tests.runner.matrix.conftest import Target
from tests.runner.matrix.installations import Installation
from tests.runner.matrix.test_matrix import everywhere
from tests.runner.projects import ENV, World, run
from tests.runner.test_propose import MODELS, TEMPLATE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
SLY = '        connection.exec_driver_sql("CREATE TABLE sly (id INTEGER)")\n        context.configure(connection'


def modelled(world: World, *, sly: bool = False) -> None:
    env = ENV.replace("target_metadata = None", MODELS)
    world.write("migrations/env.py", env.replace("        context.configure(connection", SLY) if sly else env)
    world.write("migrations/script.py.mako", TEMPLATE)


def proposal(world: World, **changes: Any) -> dict[str, Any]:
    return world.spec("propose", ids=[], proposal={"message": "add a note"}, lock_key=None, **changes)


@pytest.mark.real
@everywhere
def test_proposal_with_pinned_versions(installation: Installation, world: World) -> None:
    world.run()
    modelled(world)
    seen = run(proposal(world), installation.python)
    assert seen.exit.closed, (seen.exit.error, seen.text)
    (file,) = seen.named("proposal")[0]["files"]
    ast.parse(file["python"])
    assert [(one["op"], one["column"]["type"]) for one in file["operations"]] == [("add_column", "VARCHAR(40)")]
    assert [file["sql"][name]["upgrade"]["sql"] for name in ("sqlite", "postgresql", "mysql")] == [
        "ALTER TABLE one ADD COLUMN note VARCHAR(40);"
    ] * 3


@pytest.mark.parametrize(("server", "driver"), [("on_postgresql", "postgresql+psycopg2"), ("on_mysql", "mysql+pymysql")])
def test_server_refuses_an_env_that_writes(world: World, server: str, driver: str, request: pytest.FixtureRequest) -> None:
    target: Target = request.getfixturevalue(server)
    modelled(world, sly=True)
    seen = run(proposal(world, url=target.url(driver), identity=target.identity))
    assert (seen.error["code"], "read" in seen.error["message"].lower()) == ("database", True), seen.error
