"""What goes and comes, rewritten as a rename: only the statements in question change, and what is not certain is refused."""

import ast
from typing import Any

import pytest

from runner import moving, renaming
from runner.failures import Failure

COLUMN = {"kind": "column", "schema": None, "table": "t", "old": "name", "new": "full_name"}
TABLE = {"kind": "table", "schema": None, "table": "users", "old": "users", "new": "people"}
HEAD = "import sqlalchemy as sa\nfrom alembic import op\n\nrevision = 'a'\ndown_revision = None\n\n\n"


def column(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "VARCHAR(40)", "nullable": True, "default": None, "primary_key": False} | more


def operations(rename: dict[str, Any], old: dict[str, Any] | None = None, new: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    place = {"schema": rename["schema"], "table": rename["table"]}
    if rename["kind"] == "column":
        gone, come = old or column(rename["old"]), new or column(rename["new"])
        return [{"op": "add_column", **place, "column": come}, {"op": "other", **place}, {"op": "drop_column", **place, "column": gone}]
    tables = [{"columns": [column("id"), column("mail")], "constraints": [], "comment": None} for _ in range(2)]
    return [
        {"op": "create_table", "schema": rename["schema"], "table": rename["new"], "definition": new or tables[0]},
        {"op": "drop_table", "schema": rename["schema"], "table": rename["old"], "definition": old or tables[1]},
    ]


def file(up: str, down: str, **more: Any) -> dict[str, Any]:
    body = "".join(f"def {way}():\n{_indented(text)}\n\n\n" for way, text in (("upgrade", up), ("downgrade", down)))
    return {"python": HEAD + body, "operations": operations(more.get("rename", COLUMN), more.get("old"), more.get("new"))}


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else "" for line in text.strip("\n").split("\n"))


def rewritten(up: str, down: str, rename: dict[str, Any] = COLUMN, **more: Any) -> tuple[str, str]:
    (found,) = renaming.renamed([file(up, down, rename=rename, **more)], rename, "")
    functions = [node for node in ast.parse(found["python"]).body if isinstance(node, ast.FunctionDef)]
    return tuple(ast.unparse(ast.Module(node.body, [])) for node in functions)  # type: ignore[return-value]


UP = "op.add_column('t', sa.Column('full_name', sa.String(length=40), nullable=True))\nop.drop_column('t', 'name')"
DOWN = "op.add_column('t', sa.Column('name', sa.VARCHAR(length=40), autoincrement=False, nullable=True))\nop.drop_column('t', 'full_name')"


def test_column_is_renamed_both_ways_and_nothing_else_moves() -> None:
    before = file(f"# above\n{UP}  \nop.execute('x')  # beside", f"{DOWN}")
    (after,) = renaming.renamed([before], COLUMN, "")
    assert after["python"] == (
        HEAD + "def upgrade():\n    # above\n"
        "    op.alter_column('t', 'name', new_column_name='full_name', existing_type=sa.VARCHAR(length=40), existing_nullable=True)\n"
        "    op.execute('x')  # beside\n\n\ndef downgrade():\n"
        "    op.alter_column('t', 'full_name', new_column_name='name', existing_type=sa.String(length=40), existing_nullable=True)\n\n\n"
    )
    assert [item["op"] for item in after["operations"]] == ["alter_column", "other"]
    assert after["operations"][0]["after"] == {"name": "full_name"}


def test_what_differs_besides_the_name_is_altered_along() -> None:
    new = "op.add_column('t', sa.Column('full_name', sa.String(80), server_default='x', nullable=False))\nop.drop_column('t', 'name')"
    up, down = rewritten(new, DOWN, new=column("full_name", type="VARCHAR(80)", nullable=False, default="'x'"))
    assert up == (
        "op.alter_column('t', 'name', new_column_name='full_name', existing_type=sa.VARCHAR(length=40), existing_nullable=True, "
        "type_=sa.String(80), nullable=False, server_default='x')"
    )
    assert down == (
        "op.alter_column('t', 'full_name', new_column_name='name', existing_type=sa.String(80), existing_nullable=False, "
        "existing_server_default='x', type_=sa.VARCHAR(length=40), nullable=True, server_default=None)"
    )


def test_schema_is_kept() -> None:
    up = "op.add_column('t', sa.Column('full_name', sa.Text()), schema='s')\nop.drop_column('t', 'name', schema='s')"
    down = "op.add_column('t', sa.Column('name', sa.Text()), schema='s')\nop.drop_column('t', 'full_name', schema='s')"
    told = rewritten(up, down, COLUMN | {"schema": "s"})
    assert told[0] == "op.alter_column('t', 'name', new_column_name='full_name', existing_type=sa.Text(), schema='s')"
    with pytest.raises(Failure, match="no statement that adds t"):
        rewritten(up, down)


def test_batch_stays_a_batch() -> None:
    block = "with op.batch_alter_table('t', schema=None) as batch_op:\n"
    lines = ["    batch_op.add_column(sa.Column('full_name', sa.Text()))", "    batch_op.drop_column('name')"]
    back = ["    batch_op.add_column(sa.Column('name', sa.Text()))", "    batch_op.drop_column('full_name')"]
    up, _ = rewritten(block + "\n".join(lines), block + "\n".join(back))
    told = "    batch_op.alter_column('name', new_column_name='full_name', existing_type=sa.Text())"
    assert up == block + told
    more = "    batch_op.create_index('ix', ['full_name'])"
    up, _ = rewritten(block + "\n".join([lines[0], more, lines[1]]), block + "\n".join(back))
    assert up == f"{block}{told}\n{block}{more}", "the copy of the table knows a column by one name only, so the rename comes first"


def test_index_on_the_column_stays_where_it_was() -> None:
    up = UP.replace("\n", "\nop.drop_index(op.f('ix_name'), table_name='t')\nop.create_index(op.f('ix_full'), 't', ['full_name'])\n")
    assert [line.partition("(")[0] for line in rewritten(up, DOWN)[0].split("\n")] == [
        "op.alter_column",
        "op.drop_index",
        "op.create_index",
    ]


@pytest.mark.parametrize(
    ("up", "told"),
    [
        (UP + "\nwith op.get_context().autocommit_block():\n    op.create_index('i', 't', ['name'])", "uses name too"),
        (UP.replace("op.drop_column('t', 'name')", ""), "no statement that drops t.name"),
        (UP + "\nop.drop_column('t', 'name')", "2 statements that drops t.name"),
        (UP + "\nop.create_index('i', 't', ['name'])", "uses name too"),
        ("op.create_index('i', 't', ['full_name'])\n" + UP, "uses full_name too"),
        (UP.replace("sa.String(length=40)", "sa.String(length=40), sa.ForeignKey('x.id')"), "more than a name and a type"),
        (UP.replace("nullable=True", "unique=True"), "unique of a column cannot be renamed along"),
        (UP.replace("\n", "; "), "more than one statement"),
        ("for t in ('t',):\n    " + UP.replace("\n", "\n    "), "no statement that adds"),
    ],
)
def test_column_that_cannot_be_renamed_for_certain_is_refused(up: str, told: str) -> None:
    with pytest.raises(Failure, match=told):
        rewritten(up, DOWN)


def test_columns_of_another_nature_are_refused() -> None:
    with pytest.raises(Failure, match="differ in their references"):
        rewritten(UP, DOWN, new=column("full_name", references=["x.id"]))
    with pytest.raises(Failure, match="found no such pair"):
        rewritten(UP, DOWN, old=column("other"))


NEW = "op.create_table('{0}', sa.Column('id', sa.Integer()))\nop.create_index('ix_{0}', '{0}', ['mail'])\n"
OLD = "op.drop_index('ix_{0}', table_name='{0}')\nop.drop_table('{0}')"
TABLES = (NEW.format("people") + OLD.format("users"), NEW.format("users") + OLD.format("people"))


def test_table_is_renamed_and_what_follows_knows_it_by_its_new_name() -> None:
    up, down = rewritten(*TABLES, rename=TABLE)
    made, gone = "op.create_index('ix_{0}', '{0}', ['mail'])", "op.drop_index('ix_{}', table_name='{}')"
    assert up.split("\n") == ["op.rename_table('users', 'people')", made.format("people"), gone.format("users", "people")]
    assert down.split("\n") == ["op.rename_table('people', 'users')", made.format("users"), gone.format("people", "users")]


def test_table_that_cannot_be_renamed_for_certain_is_refused() -> None:
    other = {"columns": [column("id"), column("fax")], "constraints": [], "comment": None}
    with pytest.raises(Failure, match="differ in fax, mail"):
        rewritten(*TABLES, rename=TABLE, old=other)
    with pytest.raises(Failure, match="cannot be followed for certain"):
        rewritten(TABLES[0] + "\nfor name in ('users',):\n    op.execute(name)", TABLES[1], TABLE)
    with pytest.raises(Failure, match="uses users too"):
        rewritten(
            TABLES[0].replace("op.drop_table", "op.create_foreign_key('f', 'x', 'users', ['a'], ['id'])\nop.drop_table"), TABLES[1], TABLE
        )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("down_revision = 'a'\n", "down_revision = 'new'\n"),
        ('down_revision: str | None = "a"  # why\n', 'down_revision: str | None = "new"  # why\n'),
        ("down_revision = None\n", 'down_revision = "new"\n'),
        ("revision, down_revision = 'b', ('a',)\n", "revision, down_revision = 'b', \"new\"\n"),
        ('"""é\r\nRevises: a\r\n"""\r\ndown_revision = \'a\'\r\n', '"""é\r\nRevises: new\r\n"""\r\ndown_revision = \'new\'\r\n'),
    ],
)
def test_another_parent_changes_one_value(before: str, after: str) -> None:
    assert moving.rewritten(before, "new") == after


@pytest.mark.parametrize(
    "text", ["down_revision = x\n", "down_revision = ('a', 'b')\n", "x = 1\n", "down_revision = 'a'\ndown_revision = 'b'\n", "("]
)
def test_another_parent_is_not_written_where_it_is_not_certain(text: str) -> None:
    with pytest.raises(Failure):
        moving.rewritten(text, "new")
