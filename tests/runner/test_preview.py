"""The SQL of each step, without a connection."""

from tests.runner.projects import ENV, World


def preview(world: World, **changes: object) -> dict[str, dict[str, str | None]]:
    seen = world.run("preview", **({"preview_direction": "upgrade"} | changes))
    assert seen.exit.closed, seen.text
    (told,) = seen.named("preview")
    return {step["revision"]: step for step in told["steps"]}


def test_preview_splits_the_sql_by_step(world: World) -> None:
    found = preview(world)
    assert list(found) == ["one", "two", "three"]
    for name, step in found.items():
        assert f"CREATE TABLE {name} " in str(step["sql"])
        assert str(step["sql"]).count("CREATE TABLE") == (2 if name == "one" else 1)  # with the version table


def test_preview_opens_no_database(world: World) -> None:
    preview(world)
    assert not world.database.exists()


def test_preview_starts_in_the_middle(world: World) -> None:
    found = preview(world, ids=["three"], **{"from": ["two"]})
    assert "UPDATE alembic_version SET version_num='three'" in str(found["three"]["sql"])


def test_preview_of_a_downgrade(world: World) -> None:
    steps = [{"revision": name, "direction": "downgrade"} for name in ("three", "two")]
    found = preview(world, preview_direction="downgrade", steps=steps, **{"from": ["three"], "to": ["one"]})
    assert "DROP TABLE three" in str(found["three"]["sql"])


def test_preview_of_a_stamp(world: World) -> None:
    found = preview(world, ids=["two"], preview_direction="stamp")
    assert "INSERT INTO alembic_version" in str(found["two"]["sql"])


def test_preview_says_where_a_revision_reads_data(world: World) -> None:
    world.revision("four", 'op.get_bind().execute(sa.text("SELECT 1")).scalar()')
    world.revision("five", 'op.execute("SELECT 5")')
    found = preview(world)
    assert found["four"]["sql"] is None
    assert "looks at the database" in str(found["four"]["sql_unavailable"])
    assert "SELECT 5" in str(found["five"]["sql"])


def test_preview_says_where_batch_mode_copies_a_table(world: World) -> None:
    world.revision("four", 'with op.batch_alter_table("one") as batch:\n        batch.alter_column("id", type_=sa.BigInteger())')
    assert "looks at the database" in str(preview(world)["four"]["sql_unavailable"])


def test_preview_refuses_an_env_that_connects_all_the_same(world: World) -> None:
    world.write("migrations/env.py", ENV.replace("context.is_offline_mode()", "False"))
    found = preview(world)
    assert {step["sql"] for step in found.values()} == {None}
    assert "may not connect" in str(found["one"]["sql_unavailable"])
    assert not world.database.exists()


def test_preview_of_an_env_that_writes_nothing(world: World) -> None:
    world.write("migrations/env.py", "from alembic import context")
    assert "wrote no SQL" in str(preview(world)["one"]["sql_unavailable"])


def test_preview_names_env_where_it_fails_and_blames_no_revision(world: World) -> None:
    world.write("migrations/env.py", "import os\nurl = os.environ.get('NOWHERE')\nurl.replace('a', 'b')")
    why = str(preview(world)["one"]["sql_unavailable"])
    assert why.startswith("The project's code failed before this revision could be written as SQL: AttributeError: 'NoneType' object")
    assert why.endswith(" (migrations/env.py, line 3).")


def test_preview_ends_a_sentence_once(world: World) -> None:
    world.revision("four", 'raise ValueError("Not on this dialect.")')
    why = preview(world)["four"]["sql_unavailable"]
    assert why == "This revision could not be written as SQL: ValueError: Not on this dialect."


def test_preview_of_code_that_does_not_load(world: World) -> None:
    world.write("migrations/versions/two.py", "def (")
    assert "SyntaxError" in str(preview(world)["one"]["sql_unavailable"])


def test_preview_knows_other_dialects(world: World) -> None:
    found = preview(world, url="postgresql+asyncpg://ada@example.invalid/shop")
    assert "id SERIAL NOT NULL" in str(found["one"]["sql"])
