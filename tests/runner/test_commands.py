"""The planned steps and nothing else, told as they happen."""

from pathlib import Path

import pytest

from tests.runner.projects import ENV, World, table

HIDING = "            try:\n                context.run_migrations()\n            except Exception: pass\n"
SWALLOWING = ENV.replace("            context.run_migrations()\n", HIDING)


def test_upgrade_runs_every_step(world: World) -> None:
    seen = world.run()
    assert (seen.exit.returncode, seen.exit.closed, seen.exit.error) == (0, True, None)
    assert (world.version, world.tables) == (["three"], ["one", "three", "two"])


def test_upgrade_tells_each_step_as_it_happens(world: World) -> None:
    told = [(event["event"], event["position"], event["revision"]) for event in world.run().events if event["event"].startswith("step")]
    assert told == [(what, n, name) for n, name in enumerate(world.ids, 1) for what in ("step_started", "step_finished")]


def test_upgrade_runs_no_step_beyond_the_plan(world: World) -> None:
    world.run(ids=["one"])
    assert (world.version, world.tables) == (["one"], ["one"])


def test_downgrade_runs_from_the_top(world: World) -> None:
    world.run()
    seen = world.run("downgrade", ["three", "two"], **{"from": ["three"], "to": ["one"]})
    assert (seen.exit.closed, world.version, world.tables) == (True, ["one"], ["one"])


def test_downgrade_to_base_empties_the_version_table(world: World) -> None:
    world.run(ids=["one"])
    assert world.run("downgrade", ["one"], **{"from": ["one"], "to": []}).exit.closed
    assert (world.version, world.tables) == ([], [])


def test_stamp_moves_the_version_alone(world: World) -> None:
    seen = world.run("stamp", ["two"])
    assert (seen.exit.closed, world.version, world.tables) == (True, ["two"], [])
    assert [event["revision"] for event in seen.named("step_finished")] == ["two"]


def test_stamp_purges_a_revision_nobody_knows(world: World) -> None:
    world.run(ids=["one"])
    world.write("migrations/versions/one.py", (world.root / "migrations/versions/one.py").read_text().replace("'one'", "'uno'"))
    world.write("migrations/versions/two.py", (world.root / "migrations/versions/two.py").read_text().replace("'one'", "'uno'"))
    assert world.run("stamp", ["two"], **{"from": ["one"]}, purge=True).exit.closed
    assert world.version == ["two"]


def test_merge_of_two_heads(world: World) -> None:
    world.revision("left", table("left_one"), down="one")
    world.revision("merged", "pass", down=("three", "left"))
    assert world.run().exit.closed
    assert world.version == ["merged"]


def test_plan_that_starts_elsewhere_runs_nothing(world: World) -> None:
    world.run(ids=["one"])
    seen = world.run()
    assert (seen.exit.returncode, seen.error["code"], world.tables) == (1, "plan_changed", ["one"])
    assert "starts at base" in seen.error["message"]
    assert "at one" in seen.error["message"]


def test_plan_with_a_revision_that_is_gone_runs_nothing(world: World) -> None:
    seen = world.run(ids=["one", "two", "three", "four"])
    assert (seen.exit.closed, seen.error["code"], world.tables) == (False, "plan_changed", [])


def test_plan_takes_no_part_of_an_id(world: World) -> None:
    seen = world.run(ids=["one", "two", "thre"])
    assert (seen.error["code"], world.tables) == ("plan_changed", [])


def test_context_names_the_version_table(world: World) -> None:
    world.write("migrations/env.py", ENV.replace("target_metadata=target_metadata", 'target_metadata=None, version_table="shop_version"'))
    told = world.run().named("context")[0]
    assert (told["version_table"], told["version_table_schema"], told["dialect"]) == ("shop_version", None, "sqlite")


@pytest.mark.parametrize(
    ("command", "more"),
    [("upgrade", {}), ("stamp", {}), ("stamp", {"purge": True, "from": ["gone"]}), ("check", {"steps": [], "to": []})],
    ids=["upgrade", "stamp", "purge", "check"],
)
def test_a_version_table_that_is_not_the_one_that_is_read_ends_the_run(world: World, command: str, more: dict[str, object]) -> None:
    world.write("migrations/env.py", ENV.replace("target_metadata=target_metadata", 'target_metadata=None, version_table="shop_version"'))
    seen = world.run(command, version_table="alembic_version", **more)
    assert seen.error["code"] == "version_elsewhere"
    assert "in shop_version, and the settings of this database name alembic_version. Nothing was run." in seen.error["message"]
    assert world.tables == []
    assert world.run(version_table="shop_version").exit.closed


def test_failure_tells_revision_and_line(world: World) -> None:
    world.revision("four", 'raise RuntimeError("the cellar is full")')
    seen = world.run()
    assert (seen.error["code"], seen.error["step"], seen.error["message"]) == ("project_error", "four", "the cellar is full")
    assert seen.error["file"] == "migrations/versions/four.py"
    assert "RuntimeError: the cellar is full" in seen.text


def test_failure_tells_the_databases_words_where_a_library_has_wrapped_them(world: World) -> None:
    """As oslo.db does: the text of its DBError is that of SQLAlchemy's, with the statement and its parameters."""
    insert = 'op.get_bind().execute(sa.text("INSERT INTO nowhere VALUES (:x)"), {"x": "canary"})'
    wrapped = "wrapped = type('DBError', (Exception,), {'inner_exception': error})(str(error))"
    world.revision("four", f"try:\n    {insert}\nexcept Exception as error:\n    {wrapped}\n    raise wrapped from error")
    error = world.run().error
    assert (error["code"], error["type"], error["message"]) == ("database", "OperationalError", "no such table: nowhere")
    assert (error["step"], error["file"]) == ("four", "migrations/versions/four.py")


def test_failure_tells_the_line_of_an_installed_project(tmp_path: Path) -> None:
    world = World(tmp_path / "lib/site-packages/shop")
    world.revision("one", 'raise RuntimeError("the cellar is full")')
    assert world.run().error["file"] == "migrations/versions/one.py"


def test_step_without_its_function_is_told_without_a_line(world: World) -> None:
    world.write("migrations/versions/three.py", "revision, down_revision = 'three', 'two'\n")
    error = world.run().error
    assert error["message"] == "Revision three has no upgrade(), so this step cannot be run."
    assert (error["type"], error["file"], error["line"]) == ("Failure", None, None)


def test_failure_of_a_statement_gives_the_databases_words(world: World) -> None:
    world.revision("four", 'op.execute("DROP TABLE nowhere")')
    seen = world.run()
    assert (seen.error["code"], seen.error["message"]) == ("database", "no such table: nowhere")
    assert seen.named("sql")[-1]["text"] == "DROP TABLE nowhere"


@pytest.mark.parametrize("end", ["sys.exit(0)", "raise SystemExit(0)", "raise KeyboardInterrupt"])
def test_a_revision_that_leaves_is_no_success(world: World, end: str) -> None:
    world.revision("four", end)
    seen = world.run()
    assert (seen.exit.returncode, seen.exit.closed, seen.error["step"]) == (1, False, "four")


@pytest.mark.parametrize(
    ("word", "up"), [("async def", table("four")), ("def", f"yield\n{table('four')}"), ("async def", f"yield\n{table('four')}")]
)
def test_a_function_that_runs_nothing_when_it_is_called_is_no_success(world: World, word: str, up: str) -> None:
    world.revision("four", up)
    path = world.root / "migrations/versions/four.py"
    path.write_text(path.read_text().replace("def upgrade", f"{word} upgrade"))
    seen = world.run()
    assert (seen.exit.closed, seen.error["step"], "four is async or has a yield" in seen.error["message"]) == (False, "four", True)
    assert "four is async" in world.run("preview").named("preview")[0]["steps"][-1]["sql_unavailable"]


def test_a_revision_that_ends_the_process_is_no_success(world: World) -> None:
    world.revision("four", "os._exit(0)")
    assert not world.run().exit.closed


@pytest.mark.parametrize(("env", "code"), [("raise SystemExit(0)", "exited"), ("from alembic import context", "env_did_nothing")])
def test_an_env_that_does_nothing_is_no_success(world: World, env: str, code: str) -> None:
    world.write("migrations/env.py", env)
    seen = world.run()
    assert (seen.exit.closed, seen.error["code"]) == (False, code)


def test_an_env_that_hides_a_failure_is_found_out(world: World) -> None:
    world.write("migrations/env.py", SWALLOWING)
    world.revision("four", 'raise RuntimeError("the cellar is full")')
    seen = world.run()
    assert (seen.exit.closed, seen.error["step"], seen.error["message"]) == (False, "four", "the cellar is full")


@pytest.mark.parametrize("closed", ["os.close(1); os.close(2)", "sys.stdout = sys.stderr = None", "sys.stderr.close()"])
def test_a_project_that_closes_its_streams_does_not_hide_a_failure(world: World, closed: str) -> None:
    world.revision("four", f"{closed}\nraise RuntimeError('the cellar is full')")
    assert world.run().error["message"] == "the cellar is full"
    world.write("migrations/env.py", f"import os, sys\n{closed}\n")
    assert world.run().error["code"] == "env_did_nothing"


def test_an_error_that_cannot_say_itself_is_told_by_its_name_and_line(world: World) -> None:
    world.revision("four", "class Mute(Exception):\n    def __str__(self):\n        return self.words\nraise Mute")
    error = world.run().error
    assert (error["step"], error["type"], error["file"]) == ("four", "Mute", "migrations/versions/four.py")
    assert error["message"].endswith("comes from the line raise Mute")


def test_a_missing_module_is_named(world: World) -> None:
    world.write("migrations/env.py", "import nowhere_to_be_found")
    seen = world.run()
    assert (seen.error["code"], seen.error["file"], seen.error["line"]) == ("missing_module", "migrations/env.py", 1)


@pytest.mark.parametrize(
    ("module", "asked"),
    [("colorsys", "import colorsys"), ("xmlrpc", "import xmlrpc.client")],
    ids=["imports from itself", "taken for a package"],
)
def test_a_module_of_the_project_that_hides_an_installed_one_is_named(world: World, module: str, asked: str) -> None:
    world.write("colorsys.py", "from colorsys import rgb_to_hsv")
    world.write("xmlrpc.py", "")
    world.write("migrations/env.py", asked)
    message = world.run().error["message"]
    assert f"; {module}.py in the working directory hides the installed module {module}: " in message


def test_a_circle_of_the_projects_own_modules_hides_nothing(world: World) -> None:
    world.write("shop/__init__.py", "from shop.models import Shelf")
    world.write("shop/models.py", "from shop import Door")
    world.write("colorsys.py", "from hues import red")
    world.write("hues.py", "from colorsys import blue")
    for asked in ("shop", "colorsys"):
        world.write("migrations/env.py", f"import {asked}")
        message = world.run().error["message"]
        assert "partially initialized" in message
        assert "hides" not in message


def test_a_step_without_downgrade_is_refused(world: World) -> None:
    world.run()
    path = world.root / "migrations/versions/three.py"
    path.write_text(path.read_text().split("def downgrade")[0])
    seen = world.run("downgrade", ["three"], **{"from": ["three"], "to": ["two"]})
    assert (seen.exit.closed, world.version) == (False, ["three"])
    assert "no downgrade()" in seen.error["message"]


def test_a_later_step_without_downgrade_lets_none_before_it_run(world: World) -> None:
    world.run()
    path = world.root / "migrations/versions/two.py"
    path.write_text(path.read_text().split("def downgrade")[0])
    seen = world.run("downgrade", ["three", "two"], **{"from": ["three"], "to": ["one"]})
    assert (seen.error["code"], seen.error["message"]) == ("no_downgrade", "Revision two has no downgrade(), so this step cannot be run.")
    assert (world.version, world.tables, seen.named("step_started")) == (["three"], ["one", "three", "two"], [])


def test_threads_and_exit_handlers_do_not_hold_the_end_up(world: World) -> None:
    waits = "import atexit, threading\natexit.register(time.sleep, 60)\nthreading.Thread(target=time.sleep, args=(60,)).start()"
    world.revision("four", waits)
    assert world.run().exit.returncode == 0
