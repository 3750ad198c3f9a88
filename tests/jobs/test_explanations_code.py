"""The explanations of what is wrong with history, code and configuration (AM-101 to AM-117), each on a failure that really happens.

They are the same on every kind of database, so they run on SQLite. Where a plan refuses what Alembic would have failed at, both are
tested: the refusal a person meets, and the explanation of the failure where `env.py` or a revision does it by itself.
"""

from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from config.errors import Refused
from environments.models import Database
from jobs import catalogue, explanations
from jobs.models import JobStatus
from jobs.supervisor import Exit
from tests.jobs.conftest import ENV, write_revision
from tests.jobs.engines import Stage, sqlite
from tests.runner.projects import World
from tests.runner.projects import table as make_table

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
ENTRIES = {entry.code: entry for entry in catalogue.CATALOGUE}
SCRIPT = "from alembic.script import ScriptDirectory\nscript = ScriptDirectory.from_config(context.config)\n"


@pytest.fixture
def stage(admin: User, root: Path, database: Database) -> Stage:
    return Stage("sqlite", admin, root, database, sqlite(Path(database.database)))


def told(error: dict[str, Any] | None, code: str, *words: str) -> None:
    assert error is not None
    assert error["code"] == code, error
    assert ENTRIES[code].title.lower() in error["title"].lower()
    assert error["next"] == list(ENTRIES[code].next)
    for word in words:
        assert word in error["why"], error["why"]


def env(root: Path, more: str, old: str = "config = context.config\n") -> None:
    (root / "migrations" / "env.py").write_text(ENV.replace(old, old + more))


@pytest.mark.parametrize(
    ("code", "more", "words"),
    [
        ("AM-101", SCRIPT + "script.get_revision('deadbeef')\n", "deadbeef"),
        ("AM-102", SCRIPT + "script.revision_map.get_revision('aaaa')\n", "aaaa could be any"),
        ("AM-110", SCRIPT + "list(script._downgrade_revs('three', 'one'))\n", "env.py, line"),
        ("AM-111", SCRIPT + "list(script._upgrade_revs('+9', 'three'))\n", "env.py, line"),
        ("AM-112", "import nowhere_to_be_found\n", "nowhere_to_be_found"),
        ("AM-112", "def broken(:\n", "env.py, line"),
        ("AM-114", "create_engine('driver://user:pass@localhost/dbname')\n", "began with driver"),
        ("AM-115", "import os\nos.environ['SHOP_URL']\n", "asks for SHOP_URL"),
        ("AM-116", "import os\ncreate_engine(os.getenv('SHOP_URL'))\n", "env.py, line"),
        ("AM-116", "create_engine('')\n", "env.py, line"),
        ("AM-116", "import os\nconfig.set_main_option('sqlalchemy.url', os.getenv('SHOP_URL'))\n", "env.py, line"),
        ("AM-117", "config.shop_config\n", "asks Alembic's Config for shop_config"),
    ],
    ids=[
        "AM-101",
        "AM-102",
        "AM-110",
        "AM-111",
        "AM-112-import",
        "AM-112-syntax",
        "AM-114",
        "AM-115",
        "AM-116",
        "AM-116-empty",
        "AM-116-option",
        "AM-117",
    ],
)
def test_what_env_py_does_by_itself_is_explained(stage: Stage, code: str, more: str, words: str) -> None:
    env(stage.root, more)
    for id, down in (("aaaa1111", "three"), ("aaaa2222", "aaaa1111")):
        write_revision(stage.root, id, down, "pass")
    job = stage.run()
    assert (job.status, job.database_state) == (JobStatus.FAILED, "unchanged")
    told(job.error, code, words)


def test_several_heads_are_explained_where_env_py_asks_for_one(stage: Stage) -> None:
    env(stage.root, SCRIPT + "script.get_current_head()\n")
    write_revision(stage.root, "other", "two", "pass")
    job = stage.run()
    told(job.error, "AM-103", "env.py, line")


@pytest.mark.parametrize(
    ("revision", "code", "words"),
    [
        ("aaaa", "ambiguous_revision", "aaaa1111"),
        ("head", "multiple_heads", "other"),
        ("deadbeef", "no_such_revision", "deadbeef"),
        ("+9", "", ""),
    ],
)
def test_a_plan_refuses_what_alembic_would_fail_at(stage: Stage, revision: str, code: str, words: str) -> None:
    for id, down in (("other", "two"), ("aaaa1111", "three"), ("aaaa2222", "aaaa1111")):
        write_revision(stage.root, id, down, "pass")
    with pytest.raises(Refused) as refused:
        stage.request(revision=revision)
    assert words in str(refused.value)
    assert code in ("", refused.value.code)


def test_an_unknown_revision_in_the_database_is_explained(stage: Stage) -> None:
    stage.sql("CREATE TABLE alembic_version (version_num varchar(32))", "INSERT INTO alembic_version VALUES ('deadbeef')")
    with pytest.raises(Refused, match="deadbeef"):
        stage.request()
    told(stage.run("check").error, "AM-101", "deadbeef")


def test_models_that_cannot_be_compared_are_explained(stage: Stage) -> None:
    told(stage.run("check").error, "AM-107")
    stage.run()
    told(stage.run("check").error, "AM-108")


def test_a_change_without_a_revision_is_a_result_and_no_failure(stage: Stage) -> None:
    stage.run()
    models = "import sqlalchemy as sa\nmodels = sa.MetaData()\nsa.Table('more', models, sa.Column('id', sa.Integer))\n"
    (stage.root / "migrations" / "env.py").write_text(models + ENV.replace("target_metadata=None", "target_metadata=models"))
    job = stage.run("check")
    assert (job.status, job.database_state, job.error) == (JobStatus.SUCCEEDED, "unchanged", None)
    assert "more" in str(job.changes)


def explained(world: World, **changes: Any) -> dict[str, Any]:
    """A run by the real runner of what no plan lets through."""
    seen = world.run(**changes)
    return explanations.explain(seen.exit.error, seen.exit, seen.text, place="shop/dev", database_state="unchanged")


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path / "project")
    world.revision("one", make_table("t_one"))
    world.revision("two", make_table("t_two"))
    world.database.touch()
    return world


def test_two_files_of_one_revision_are_explained(world: World) -> None:
    text = (world.root / "migrations/versions/two.py").read_text()
    world.write("migrations/versions/copy.py", text.replace("t_two", "t_copy"))
    world.write("migrations/env.py", "import warnings\nwarnings.simplefilter('error')\n" + (world.root / "migrations/env.py").read_text())
    told(explained(world), "AM-104", "two")


def test_a_parent_that_is_missing_is_explained(world: World) -> None:
    (world.root / "migrations/versions/one.py").unlink()
    told(explained(world, ids=["two"]), "AM-105")


@pytest.mark.parametrize("down", ["two", "one"], ids=["loop", "self-loop"])
def test_a_loop_is_explained(world: World, down: str) -> None:
    path = world.root / "migrations/versions/one.py"
    path.write_text(path.read_text().replace("'one', None", f"'one', '{down}'"))
    told(explained(world), "AM-106")


@pytest.mark.parametrize("text", ["[alembic]\n", "[alembic]\nscript_location = %(here)s/nowhere\n"], ids=["no key", "no directory"])
def test_a_configuration_that_is_not_there_is_explained(world: World, text: str) -> None:
    world.write("alembic.ini", text)
    told(explained(world), "AM-113")


def test_a_key_that_the_project_misses_is_no_missing_parent(stage: Stage) -> None:
    env(stage.root, "{}['NOT_GIVEN']\n")
    assert (stage.run().error or {})["code"] == "project_error"


def test_the_end_of_a_run_is_never_explained_without_its_exit() -> None:
    assert explanations.explain(None, Exit(signal=9), "", place="shop/dev")["code"] == "killed"
