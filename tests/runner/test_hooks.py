"""Every connection proves where it leads before its first statement."""

import sqlite3
from pathlib import Path

import pytest

from tests.runner.projects import ENV, World


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A database that nobody may touch."""
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE precious (id INTEGER)")
    connection.close()
    return path


def test_another_file_ends_the_run_before_its_first_statement(world: World, other: Path) -> None:
    before = other.read_bytes()
    world.write("migrations/env.py", ENV.replace("create_engine(url,", f'create_engine("sqlite:///{other}",'))
    seen = world.run()
    assert (seen.exit.returncode, seen.error["code"], seen.named("sql")) == (76, "wrong_database", [])
    assert str(other) in seen.error["message"]
    assert other.read_bytes() == before


def test_an_env_cannot_catch_the_proof(world: World, other: Path) -> None:
    hidden = f'try: create_engine("sqlite:///{other}").connect()\nexcept BaseException: pass\n'
    world.write("migrations/env.py", ENV.replace("if context.is_offline_mode", hidden + "if context.is_offline_mode"))
    assert world.run().exit.returncode == 76


def test_memory_is_another_database(world: World) -> None:
    world.write("migrations/env.py", ENV.replace("create_engine(url,", 'create_engine("sqlite://",'))
    assert world.run().error["code"] == "wrong_database"


def test_a_link_to_the_file_is_the_same_database(world: World, tmp_path: Path) -> None:
    world.database.touch()
    (tmp_path / "link.db").symlink_to(world.database)
    assert world.run(url=f"sqlite:///{tmp_path}/link.db").exit.closed


def test_another_dialect_is_another_database(world: World) -> None:
    seen = world.run(identity={"dialect": "postgresql", "database": "shop", "database_oid": 5})
    assert (seen.error["code"], seen.named("sql")) == ("wrong_database", [])
    assert "Expected dialect postgresql; found dialect sqlite. " in seen.error["message"]


def test_the_proof_is_told_once(world: World) -> None:
    again = ENV + "\nif not context.is_offline_mode(): create_engine(url).connect().close()\n"
    world.write("migrations/env.py", again)
    seen = world.run()
    assert [event["identity"]["path"] for event in seen.named("connected")] == [str(world.database.resolve())]


def test_statements_are_told_without_parameters(world: World) -> None:
    world.revision("four", 'op.bulk_insert(sa.table("one", sa.column("id", sa.Integer)), [{"id": 424242}])')
    seen = world.run()
    assert "INSERT INTO one (id) VALUES (?)" in [event["text"] for event in seen.named("sql")]
    assert "424242" not in str(seen.events)


def test_a_long_statement_is_cut(world: World) -> None:
    world.revision("four", 'op.execute("SELECT \'" + "x" * 100_000 + "\'")')
    assert max(len(event["text"]) for event in world.run().named("sql")) < 20_100
