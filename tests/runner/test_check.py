"""Models against database."""

from tests.runner.projects import ENV, World

MODELS = """\
import sqlalchemy as sa
target_metadata = sa.MetaData()
sa.Table("one", target_metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.Text))
sa.Table("two", target_metadata, sa.Column("id", sa.Integer, primary_key=True))
sa.Table("new", target_metadata, sa.Column("id", sa.Integer, primary_key=True))
"""


def with_models(world: World) -> None:
    world.write("migrations/env.py", ENV.replace("target_metadata = None", MODELS))


def at_head(world: World, **changes: object) -> dict[str, object]:
    return {"ids": [], "from": ["three"], "to": ["three"]} | changes


def test_check_tells_differences_as_data(world: World) -> None:
    world.run()
    with_models(world)
    (told,) = world.run("check", **at_head(world)).named("changes")
    found = {(change["op"], change["table"], change["column"]) for change in told["changes"]}
    assert found == {("add_table", "new", None), ("add_column", "one", "note"), ("remove_table", "three", None)}
    assert all(change["text"].endswith(".") for change in told["changes"])


def test_check_changes_nothing(world: World) -> None:
    world.run()
    before = world.database.read_bytes()
    with_models(world)
    assert world.run("check", **at_head(world)).exit.closed
    assert world.database.read_bytes() == before


def test_check_of_a_database_behind(world: World) -> None:
    world.run(ids=["one"])
    with_models(world)
    seen = world.run("check", **at_head(world, **{"from": ["one"]}))
    assert (seen.error["code"], seen.error["message"]) == ("not_up_to_date", "Target database is not up to date.")


def test_check_without_models(world: World) -> None:
    world.run()
    assert world.run("check", **at_head(world)).error["code"] == "no_metadata"


def test_check_of_an_env_that_takes_empty_revisions_away(world: World) -> None:
    world.run()
    env = ENV.replace("target_metadata = None", "from sqlalchemy import MetaData\ndef drop(_context, _revision, found): found.clear()")
    world.write("migrations/env.py", env.replace("=target_metadata", "=MetaData(), process_revision_directives=drop"))
    assert world.run("check", **at_head(world)).named("changes")[0]["changes"] == []
