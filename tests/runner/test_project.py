"""The ways by which a project gets its configuration, its URL and its modules."""

from pathlib import Path

import pytest

from tests.runner.projects import ENV, World


def env_with(code: str) -> str:
    return ENV.replace('url = config.get_main_option("sqlalchemy.url")', code)


def test_url_with_a_percent_sign(world: World, tmp_path: Path) -> None:
    place = tmp_path / "100%"
    place.mkdir()
    seen = world.run(url=f"sqlite:///{place}/target.db", identity={"dialect": "sqlite", "path": f"{place}/target.db"})
    assert seen.exit.closed, seen.text


def test_url_by_environment_variable(world: World) -> None:
    world.write("migrations/env.py", env_with('url = os.environ["SHOP_DSN"]'))
    assert world.run(url="sqlite://", env_vars={"SHOP_DSN": f"sqlite:///{world.database}"}).exit.closed


def test_modules_by_pythonpath(world: World) -> None:
    world.write("src/shopapp.py", "")
    world.write("migrations/env.py", "import shopapp\n" + ENV)
    assert world.run(env_vars={"PYTHONPATH": "lib:src"}).exit.closed


def test_url_by_x_argument(world: World) -> None:
    world.write("migrations/env.py", env_with('url = context.get_x_argument(as_dictionary=True)["dsn"]'))
    assert world.run(url="sqlite://", x_arguments=[f"dsn=sqlite:///{world.database}"]).exit.closed


def test_pyproject(world: World) -> None:
    world.write("pyproject.toml", '[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    (world.root / "alembic.ini").unlink()
    assert world.run(config_file=str(world.root / "pyproject.toml")).exit.closed


def test_no_configuration_but_a_script_location(world: World) -> None:
    assert world.run(config_file=None, script_location=str(world.root / "migrations")).exit.closed


def test_section(world: World) -> None:
    world.write("alembic.ini", "[shop]\nscript_location = %(here)s/migrations\n")
    assert world.run(section="shop").exit.closed


def test_version_locations(world: World) -> None:
    (world.root / "migrations/versions").rename(world.root / "elsewhere")
    assert world.run(version_locations=[str(world.root / "elsewhere")]).exit.closed


def test_missing_script_location_is_told(world: World) -> None:
    world.write("alembic.ini", "[alembic]\n")
    seen = world.run()
    assert (seen.error["code"], "script_location" in seen.error["message"]) == ("alembic", True)


def test_cmd_opts_are_what_env_files_look_at(world: World) -> None:
    world.write("migrations/env.py", ENV + "\nseen = config.cmd_opts\nprint(seen.cmd[0].__name__, seen.revision, seen.x, sys.argv)\n")
    assert "upgrade three ['a=b'] ['alembic', 'upgrade', 'three']" in world.run(x_arguments=["a=b"]).text


def test_modules_of_the_project_are_not_hidden_by_ours(world: World) -> None:
    for name in ("jobs", "config", "spec", "events", "hooks", "runner", "main"):
        world.write(f"{name}.py", f"WHO = 'the project, {name}'\n")
    names = "jobs, config, spec, events, hooks, runner, main"
    world.write("migrations/env.py", f"import {names}\nprint([m.WHO for m in ({names})])\n{ENV}")
    seen = world.run()
    assert seen.exit.closed, seen.text
    assert seen.text.count("the project,") == 7


def test_nothing_of_ours_can_be_imported(world: World) -> None:
    world.write("migrations/env.py", "import accounts")
    assert world.run().error["code"] == "missing_module"


def test_a_folder_named_alembic_does_not_hide_the_package(world: World) -> None:
    (world.root / "migrations").rename(world.root / "alembic")
    world.write("alembic/__init__.py", "")
    assert world.run(script_location=str(world.root / "alembic")).exit.closed


def test_flask_application_context(world: World) -> None:
    fake = """
    class App:
        extensions = {}
        def app_context(self):
            import contextlib
            @contextlib.contextmanager
            def pushed():
                print("pushed")
                yield
                print("popped")
            return pushed()
    def create_app():
        return App()
    """
    world.write("shop.py", "\n".join(line[4:] for line in fake.splitlines()))
    text = world.run(flask_app="shop:create_app()").text
    assert text.index("pushed") < text.index("popped")


def test_flask_application_that_is_not_there(world: World) -> None:
    world.write("shop.py", "")
    assert "'shop:app'" in world.run(flask_app="shop:app").error["message"]


@pytest.mark.parametrize("question", ["input()", "import getpass\ngetpass.getpass()"])
def test_a_question_gets_an_end_of_file(world: World, question: str) -> None:
    world.revision("four", question)
    error = world.run().error
    assert (error["type"], "a job has nobody to answer" in error["message"]) == ("EOFError", True)


def test_an_error_without_words_is_told_by_its_line(world: World) -> None:
    world.revision("four", "assert not 'this'")
    error = world.run().error
    assert (error["type"], error["message"]) == ("AssertionError", "it says no more than that, and comes from the line assert not 'this'")


def test_breakpoint_does_not_stop(world: World) -> None:
    world.revision("four", "breakpoint()")
    assert world.run().exit.closed
