"""A candidate revision from the models: what differs, the file, its SQL, and nothing written anywhere."""

import ast
import contextlib
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.runner.projects import ENV, Seen, World

MODELS = """\
import sqlalchemy as sa
target_metadata = sa.MetaData()
sa.Table("one", target_metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", sa.String(40)))
sa.Table("two", target_metadata, sa.Column("id", sa.Integer, primary_key=True))
sa.Table("three", target_metadata, sa.Column("id", sa.Integer, primary_key=True))
"""
TEMPLATE = '''\
"""${message}

Revises: ${down_revision | comma,n}
"""
from alembic import op
import sqlalchemy as sa
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''


@pytest.fixture
def modelled(world: World) -> World:
    """The models have a column that the database has not."""
    world.run()
    world.write("migrations/env.py", ENV.replace("target_metadata = None", MODELS))
    world.write("migrations/script.py.mako", TEMPLATE)
    return world


def propose(world: World, **asked: Any) -> Seen:
    return world.run("propose", ids=[], proposal={"message": "add a note", **asked}, lock_key=None)


def proposed(world: World, **asked: Any) -> dict[str, Any]:
    seen = propose(world, **asked)
    assert seen.exit.closed, (seen.exit.error, seen.text)
    (file,) = seen.named("proposal")[0]["files"]
    return file  # type: ignore[no-any-return]


def files_of(world: World) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in world.root.parent.rglob("*") if path.is_file()}


def test_proposal_holds_file_operations_and_sql(modelled: World) -> None:
    file = proposed(modelled, revision_id="abc_1")
    assert (file["revision"], file["down_revisions"], file["message"]) == ("abc_1", ["three"], "add a note")
    assert [(one["op"], one["table"], one["column"]["name"], one["column"]["type"]) for one in file["operations"]] == [
        ("add_column", "one", "note", "VARCHAR(40)")
    ]
    ast.parse(file["python"])
    assert "op.add_column('one'" in file["python"]
    assert {dialect: bool(ways["upgrade"]["sql"]) for dialect, ways in file["sql"].items()} == dict.fromkeys(
        ("sqlite", "postgresql", "mysql"), True
    )
    assert file["sql"]["postgresql"]["downgrade"]["sql"] == "ALTER TABLE one DROP COLUMN note;"


def test_proposal_writes_nothing(modelled: World) -> None:
    before = files_of(modelled)
    proposed(modelled)
    assert files_of(modelled) == before


def test_env_that_writes_is_refused_by_the_server(modelled: World) -> None:
    env = ENV.replace("target_metadata = None", MODELS)
    write = '        connection.exec_driver_sql("CREATE TABLE sly (id INTEGER)")\n'
    modelled.write("migrations/env.py", env.replace("        context.configure(connection", write + "        context.configure(connection"))
    seen = propose(modelled)
    assert (seen.error["code"], "readonly" in seen.error["message"]) == ("database", True)
    assert "sly" not in modelled.tables


def test_proposal_for_another_database_is_refused(modelled: World) -> None:
    seen = modelled.run("propose", ids=[], proposal={"message": "x"}, identity={"dialect": "sqlite", "path": "/somewhere/else.db"})
    assert seen.error["code"] == "wrong_database"


def test_proposal_for_a_database_behind_is_refused(world: World) -> None:
    world.run(ids=["one"])
    world.write("migrations/env.py", ENV.replace("target_metadata = None", MODELS))
    world.write("migrations/script.py.mako", TEMPLATE)
    assert propose(world).error["code"] == "not_up_to_date"


@pytest.mark.parametrize("message", ['x"""\nimport antigravity\n"""', 'x"""', "back\\slash", "bell\a", "x" * 201])
def test_message_that_could_become_code_is_refused(modelled: World, message: str) -> None:
    assert propose(modelled, message=message).error["code"] == "invalid"


@pytest.mark.parametrize("message", ["${1/0} %s %(here)s <% x %> ## no", 'says "so"', "Привет, 100 %", "import antigravity"])
def test_message_stays_text(modelled: World, message: str) -> None:
    docstring = ast.get_docstring(ast.parse(proposed(modelled, message=message)["python"]))
    assert docstring is not None
    assert docstring.splitlines()[0] == message


def test_template_that_makes_code_of_the_message_is_refused(modelled: World) -> None:
    modelled.write("migrations/script.py.mako", TEMPLATE.replace("def upgrade", "${message}\n\ndef upgrade"))
    seen = propose(modelled, message="import antigravity")
    assert (seen.error["code"], "has become code" in seen.error["message"]) == ("project_error", True)


def test_template_with_another_revision_is_refused(modelled: World) -> None:
    modelled.write("migrations/script.py.mako", TEMPLATE.replace("${repr(up_revision)}", "'other'"))
    assert "its revision is 'other'" in propose(modelled).error["message"]


def test_template_that_cannot_be_rendered_is_told(modelled: World) -> None:
    modelled.write("migrations/script.py.mako", TEMPLATE + "% for x in")
    assert propose(modelled).error["code"] == "project_error"


def test_env_that_takes_empty_revisions_away_leaves_no_file(modelled: World) -> None:
    env = ENV.replace("target_metadata = None", MODELS + "def drop(_context, _revision, found): found.clear()\n")
    modelled.write("migrations/env.py", env.replace("=target_metadata", "=target_metadata, process_revision_directives=drop"))
    assert propose(modelled).named("proposal")[0]["files"] == []


def test_settings_of_the_env_count(modelled: World) -> None:
    """What include_object leaves out is left out, and batch mode is written as batch mode."""
    hide = "def hide(thing, name, kind, reflected, other): return name != 'three'\n"
    env = ENV.replace("target_metadata = None", MODELS.replace('"three"', '"four"') + hide)
    modelled.write("migrations/env.py", env.replace("=target_metadata", "=target_metadata, include_object=hide, render_as_batch=True"))
    seen = propose(modelled)
    told = seen.named("proposal")[0]
    assert [(one["op"], one["table"]) for one in told["files"][0]["operations"]] == [("create_table", "four"), ("add_column", "one")]
    assert "batch_alter_table('one'" in told["files"][0]["python"]
    assert told["facts"]["filters"] == ["include_object"]
    assert told["facts"]["metadata_tables"] == 3
    assert sorted(told["facts"]["database_tables"]) == ["one", "three", "two"]


FAMILY = """\
import sqlalchemy as sa
from sqlalchemy import Column, ForeignKey, Integer, String, Table
target_metadata = sa.MetaData()
Table("one", target_metadata, Column("id", Integer, primary_key=True), Column("three_id", ForeignKey("three.id")))
Table("three", target_metadata, Column("id", Integer, primary_key=True))
Table("child", target_metadata, Column("id", Integer, primary_key=True), Column("one_id", ForeignKey("one.id")))
Table("grandchild", target_metadata, Column("id", Integer, primary_key=True), Column("child_id", ForeignKey("child.id")))
Table("stranger", target_metadata, Column("id", Integer, primary_key=True), *(Column(f"c{n}", String) for n in range(40)))
"""


def test_proposal_tells_its_tables_and_those_one_key_away(world: World) -> None:
    """`two` goes with its key, `stranger` has many columns; `grandchild` is new too, so nothing is further away."""
    world.run()
    world.write("migrations/env.py", ENV.replace("target_metadata = None", FAMILY))
    world.write("migrations/script.py.mako", TEMPLATE)
    told = propose(world).named("proposal")[0]["facts"]["diagram"]
    tables = {table["name"]: table for table in told["tables"]}
    assert set(tables) == {"one", "two", "three", "child", "grandchild", "stranger"}
    assert told["more"] == 0
    assert [(column["name"], column["references"]) for column in tables["one"]["columns"]] == [("id", []), ("three_id", ["three.id"])]
    assert tables["two"]["columns"] == [{"name": "id", "type": "INTEGER", "primary_key": True, "references": []}]
    assert (len(tables["stranger"]["columns"]), tables["stranger"]["more"], tables["stranger"]["columns"][0]["name"]) == (24, 17, "id")


FAR = (
    MODELS
    + """\
sa.Table("child", target_metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("one_id", sa.ForeignKey("one.id")))
sa.Table("grandchild", target_metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("child_id", sa.ForeignKey("child.id")))
"""
)


def test_neighbours_of_a_change_are_told_and_no_one_else(modelled: World) -> None:
    modelled.write("migrations/env.py", ENV.replace("target_metadata = None", FAR))
    with contextlib.closing(sqlite3.connect(modelled.database)) as connection:
        connection.execute("CREATE TABLE child (id INTEGER NOT NULL PRIMARY KEY, one_id INTEGER REFERENCES one (id))")
        connection.execute("CREATE TABLE grandchild (id INTEGER NOT NULL PRIMARY KEY, child_id INTEGER REFERENCES child (id))")
    told = propose(modelled).named("proposal")[0]["facts"]["diagram"]
    assert [table["name"] for table in told["tables"]] == ["one", "child"]
    assert [column["name"] for column in told["tables"][0]["columns"]] == ["id", "note"]


def test_dropped_column_and_table_are_told_as_they_were(modelled: World) -> None:
    models = MODELS.replace(', sa.Column("note", sa.String(40))', "").replace('sa.Table("three"', 'sa.Table("four"')
    modelled.write("migrations/env.py", ENV.replace("target_metadata = None", models))
    with contextlib.closing(sqlite3.connect(modelled.database)) as connection:
        connection.execute("ALTER TABLE two ADD COLUMN price NUMERIC")
        connection.execute("DROP TABLE three")
        connection.execute("CREATE TABLE three (id INTEGER NOT NULL PRIMARY KEY, one_id INTEGER REFERENCES one (id))")
    told = propose(modelled).named("proposal")[0]["facts"]["diagram"]
    tables = {table["name"]: [(column["name"], column["references"]) for column in table["columns"]] for table in told["tables"]}
    assert tables == {"four": [("id", [])], "three": [("id", []), ("one_id", ["one.id"])], "two": [("id", []), ("price", [])]}


def test_keys_within_a_schema_of_the_models_lead_to_their_tables(modelled: World) -> None:
    """SQLAlchemy lets such keys leave the schema out."""
    models = MODELS.replace("sa.MetaData()", 'sa.MetaData(schema="main")').replace(
        'sa.Table("two", target_metadata, sa.Column("id", sa.Integer, primary_key=True))',
        'sa.Table("two", target_metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("one_id", sa.ForeignKey("one.id")))',
    )
    modelled.write("migrations/env.py", ENV.replace("target_metadata = None", models))
    told = propose(modelled).named("proposal")[0]["facts"]["diagram"]
    two = next(table for table in told["tables"] if (table["schema"], table["name"]) == ("main", "two"))
    assert [column["references"] for column in two["columns"]] == [[], ["main.one.id"]]
