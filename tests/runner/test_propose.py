"""A candidate revision from the models: what differs, the file, its SQL, and nothing written anywhere."""

import ast
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
