"""The SQL of one revision, both ways, for each kind of database, without a connection."""

from typing import Any

import pytest

from tests.runner.projects import ENV, World


def written(world: World, id: str, down: str | None) -> dict[str, Any]:
    changes: dict[str, Any] = {"from": [down] if down else [], "to": [id]}
    seen = world.run("preview", ids=[id], every_dialect=True, **changes)
    assert seen.exit.closed, seen.text
    (told,) = seen.named("dialects")
    return dict(told)


def test_a_revision_is_written_both_ways_for_each_dialect(world: World) -> None:
    up = 'op.add_column("one", sa.Column("total", sa.Numeric(10, 2), server_default=sa.text("0")))'
    world.revision("four", up, undo='op.drop_column("one", "total")', down="three")
    found = written(world, "four", "three")
    assert list(found["dialects"]) == ["sqlite", "postgresql", "mysql"]  # the target's own comes first
    for name, dialect in found["dialects"].items():
        assert "ADD COLUMN total" in dialect["upgrade"]["sql"], name
        assert "DROP COLUMN total" in dialect["downgrade"]["sql"], name
        assert "alembic_version" not in dialect["upgrade"]["sql"], name
    assert not world.database.exists()


def test_a_revision_that_reads_or_cannot_be_undone_says_so(world: World) -> None:
    world.revision("four", 'op.get_bind().execute(sa.text("SELECT 1")).scalar()', undo='raise NotImplementedError("no way")', down="three")
    both = written(world, "four", "three")["dialects"]["postgresql"]
    assert both["upgrade"] == {"sql": None, "sql_unavailable": both["upgrade"]["sql_unavailable"]}
    assert both["upgrade"]["sql_unavailable"].startswith("Not available, because the revision looks at the database while it runs")
    assert both["downgrade"]["sql_unavailable"] == "Not available, because NotImplementedError: no way."


def test_what_a_revision_asks_for_is_the_dialect_that_is_written(world: World) -> None:
    world.revision("four", "op.execute(__import__('alembic').context.get_context().dialect.name)", down="three")
    found = written(world, "four", "three")["dialects"]
    assert {name: dialect["upgrade"]["sql"] for name, dialect in found.items()} == {
        name: f"{name};" for name in ("sqlite", "postgresql", "mysql")
    }


def test_the_files_beside_a_revision_are_within_its_reach(world: World) -> None:
    world.write("migrations/versions/words.txt", "SELECT 42")
    world.revision("four", 'op.execute(__import__("pathlib").Path(__file__).with_name("words.txt").read_text())', down="three")
    assert written(world, "four", "three")["dialects"]["mysql"]["upgrade"]["sql"] == "SELECT 42;"


def test_a_merge_has_nothing_to_run(world: World) -> None:
    world.revision("left", "pass", down="three")
    world.revision("right", "pass", down="three")
    world.revision("both", "pass", down=("left", "right"))
    changes: dict[str, Any] = {"from": ["left", "right"], "to": ["both"]}
    (told,) = world.run("preview", ids=["both"], every_dialect=True, **changes).named("dialects")
    assert told["dialects"]["postgresql"]["upgrade"] == {"sql": None, "sql_unavailable": "There is nothing to run."}


@pytest.mark.parametrize(
    ("env", "why"),
    [
        (ENV.replace("context.is_offline_mode()", "False"), "may not|nothing may be connected to"),
        ("from alembic import context", "wrote no SQL"),
        ("raise RuntimeError('no settings')", "no settings"),
    ],
)
def test_an_env_without_an_offline_mode_is_told(world: World, env: str, why: str) -> None:
    world.write("migrations/env.py", env)
    found = written(world, "one", None)
    assert found["dialects"] == {}
    assert any(part in found["unavailable"] for part in why.split("|")), found["unavailable"]
