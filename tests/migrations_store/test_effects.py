"""What revisions would do, by their text alone: a table of ways to write it, and the demo's own."""

import secrets
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from migrations_store import effects, effects_sql
from migrations_store import graph as graphs
from migrations_store.graph import Script
from migrations_store.models import Project, Snapshot, SourceKind, SourceText
from migrations_store.scripts import ScriptFacts, read_script

HEAD = "import sqlalchemy as sa\nfrom alembic import op\nfrom app import helpers\nfrom app.types import Money\n\n"


def read(body: str, above: str = "") -> effects.Effects:
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return effects.read(f"{HEAD}{above}\n\ndef upgrade():\n{lines}\n", "upgrade")


LOSSES = [
    ('op.drop_table("a")', ["drops table a"]),
    ('op.drop_table(table_name="a")', ["drops table a"]),
    ('op.drop_column("a", "b")', ["drops column a.b"]),
    ('op.drop_column("a", column_name="b")', ["drops column a.b"]),
    ('with op.batch_alter_table("a") as batch:\n    batch.drop_column("b")', ["drops column a.b"]),
    ('for name in ("b", "c"):\n    op.drop_column("a", name)', ["drops column a.b or c"]),
    ('if op.get_bind().dialect.name == "sqlite":\n    op.drop_table("a")', ["drops table a"]),
    ('op.execute("DROP TABLE a")', ["drops table a"]),
    ('op.execute("DROP TABLE IF EXISTS a, b CASCADE")', ["drops table a", "drops table b"]),
    ('op.execute(sa.text("DELETE FROM a WHERE b < :c").bindparams(c=1))', ["deletes rows of a"]),
    ('op.get_bind().execute(sa.text("TRUNCATE TABLE a, b"))', ["empties table a", "empties table b"]),
    ('connection = op.get_bind()\nconnection.exec_driver_sql("TRUNCATE a")', ["empties table a"]),
    ('op.execute("""\n  ALTER TABLE p.a DROP COLUMN IF EXISTS b, DROP "c"\n""")', ["drops column p.a.b", "drops column p.a.c"]),
    ('op.execute("ALTER TABLE a DROP b")', ["drops column a.b"]),
    ('op.execute("ALTER TABLE a ALTER COLUMN b TYPE varchar(3)")', ["may shorten values of a.b"]),
    ('op.execute("WITH gone AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM gone")', ["deletes rows of a"]),
    ('op.execute("DO $$ BEGIN DELETE FROM a; END $$")', ["deletes rows of a"]),
    ('op.execute("UPDATE a SET b = 1; DELETE FROM c")', ["deletes rows of c"]),
    ('op.execute("/*!50000 DROP TABLE a */")', ["drops table a"]),
    (r'op.execute("INSERT INTO a VALUES (\'C:\\\'); DROP TABLE b; -- \'")', ["drops table b"]),
    ('op.execute("DROP SCHEMA old CASCADE")', ["drops schema old"]),
    ('a = sa.table("a", sa.column("b"))\nop.execute(a.delete().where(a.c.b == 1))', ["deletes rows of a"]),
    ('a = sa.table("a")\nop.get_bind().execute(sa.delete(a))', ["deletes rows of a"]),
    ('stale = sa.table("a").delete()\nop.execute(stale)', ["deletes rows of a"]),
    ('sa.Table("a", sa.MetaData()).drop(op.get_bind())', ["drops table a"]),
    ('op.alter_column("a", "b", existing_type=sa.String(80), type_=sa.String(40))', ["may shorten values of a.b"]),
    ('op.alter_column("a", "b", type_=sa.Integer())', ["may shorten values of a.b"]),
    ('op.alter_column("a", "b", existing_type=sa.Text(), type_=sa.Integer())', ["may shorten values of a.b"]),
    ('op.alter_column("a", "b", existing_type=sa.Numeric(10, 4), type_=sa.Numeric(10, 2))', ["may shorten values of a.b"]),
    ('op.alter_column("a", "b", existing_type=sa.BigInteger(), type_=sa.Integer())', ["may shorten values of a.b"]),
]  # fmt: skip


@pytest.mark.parametrize(("body", "lost"), LOSSES)
def test_read_names_what_is_lost(body: str, lost: list[str]) -> None:
    found = read(body)
    assert [f"{entry['what']} {entry['object']}" for entry in found.data_loss] == lost
    assert not found.unknown
    assert all(entry["line"] >= 9 for entry in found.data_loss)


HARMLESS = [
    "pass",
    'op.rename_table("a", "b")',
    'op.alter_column("a", "b", new_column_name="c")',
    'op.drop_constraint("pk_a", "a", type_="primary")\nop.drop_index("ix_a", table_name="a")',
    'op.alter_column("a", "b", existing_type=sa.String(40), type_=sa.String(80))',
    'op.alter_column("a", "b", existing_type=sa.String(40), type_=sa.Text())',
    'op.alter_column("a", "b", existing_type=sa.Integer(), type_=sa.BigInteger())',
    'op.alter_column("a", "b", existing_type=sa.Numeric(10, 2), type_=sa.Numeric(12, 3))',
    'op.alter_column("a", "b", existing_type=sa.String(40), nullable=False)',
    'op.execute("UPDATE a SET b = lower(b)")',
    "op.execute(\"INSERT INTO a VALUES ('DROP TABLE b; DELETE FROM c')\")",
    'op.execute("-- DROP TABLE a\\nSELECT 1")',
    'op.execute("GRANT SELECT, DELETE, TRUNCATE ON a TO b")',
    'op.execute("ALTER TABLE a ALTER COLUMN b DROP NOT NULL, DROP CONSTRAINT c, DROP DEFAULT")',
    'op.execute("ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c ON DELETE CASCADE")',
    'op.execute("CREATE FUNCTION f() RETURNS int AS $$ BEGIN DELETE FROM a; COMMIT; END $$ LANGUAGE plpgsql")',
    'op.execute("CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; END")',
    'op.execute("ROLLBACK TO SAVEPOINT s")',
    'op.add_column("a", sa.Column("b", Money()))',
    'sa.Enum("x", name="e").create(op.get_bind())\nsa.Enum(name="e").drop(op.get_bind())',
    'rows = op.get_bind().execute(sa.select(sa.table("a"))).all()\nop.bulk_insert(sa.table("b"), rows)',
    'def never():\n    op.drop_table("a")',
    'op.execute(sa.schema.CreateSequence(sa.Sequence("s")))',
]


@pytest.mark.parametrize("body", HARMLESS)
def test_read_of_what_loses_nothing_finds_nothing(body: str) -> None:
    assert read(body) == effects.Effects()


NON_ATOMIC = [
    ('with op.get_context().autocommit_block():\n    op.create_index("i", "a", ["b"])', "autocommit block"),
    ('op.create_index("i", "a", ["b"], postgresql_concurrently=True)', "CONCURRENTLY"),
    ('op.drop_index("i", postgresql_concurrently=True)', "CONCURRENTLY"),
    ('op.execute("CREATE UNIQUE INDEX CONCURRENTLY i ON a (b)")', "CONCURRENTLY"),
    ('op.execute("DROP INDEX CONCURRENTLY i")', "CONCURRENTLY"),
    ('op.execute("REINDEX TABLE CONCURRENTLY a")', "REINDEX"),
    ('op.execute("COMMIT")', "COMMIT"),
    ('op.execute("SELECT 1; ROLLBACK")', "ROLLBACK"),
    ('op.execute("begin")', "BEGIN"),
    ('op.execute("START TRANSACTION")', "BEGIN"),
    ("op.execute(\"ALTER TYPE mood ADD VALUE 'glad'\")", "ADD VALUE"),
    ('op.execute("VACUUM ANALYZE a")', "VACUUM"),
    ('op.execute("CREATE DATABASE b")', "no transaction holds"),
    ('op.execute("ALTER SYSTEM SET x = 1")', "ALTER SYSTEM"),
    ('op.execute("DO $$ BEGIN INSERT INTO a VALUES (1); COMMIT; END $$")', "COMMIT"),
    ("op.get_bind().commit()", "commit()"),
    ('op.get_bind().execution_options(isolation_level="AUTOCOMMIT")', "isolation level"),
]


@pytest.mark.parametrize(("body", "why"), NON_ATOMIC)
def test_read_names_what_is_not_all_or_nothing(body: str, why: str) -> None:
    found = read(body)
    assert [why in entry["why"] for entry in found.non_atomic] == [True]
    assert (found.data_loss, found.unknown) == ([], False)


UNCLEAR = [
    "op.execute(make_sql())",
    'op.execute(f"UPDATE {helpers.TABLE} SET a = 1")',
    'op.execute("UPDATE %s SET a = 1" % helpers.TABLE)',
    "op.execute(open('change.sql').read())",
    "helpers.fill()",
    "helpers.Filler(op)",
    "Money.metadata.create_all(bind=op.get_bind())",
    'op.create_view("a")',
    'getattr(op, "drop" + "_table")("a")',
    'list(map(op.drop_table, ["a"]))',
    'exec("op.drop_table(1)")',
    'op.execute("CALL tidy_up()")',
    "op.execute(\"DO $$ BEGIN EXECUTE 'DROP TABLE ' || a; END $$\")",
    'op.create_index("i", "a", ["b"], postgresql_concurrently=helpers.BIG)',
]


@pytest.mark.parametrize("body", UNCLEAR)
def test_read_says_what_the_text_does_not_tell(body: str) -> None:
    assert read(body).unknown


def test_read_of_sql_that_is_put_together_names_what_can_be_seen() -> None:
    found = read('op.execute(f"DROP TABLE {helpers.NAME}")')
    assert (found.unknown, found.data_loss) == (True, [{"what": "drops table", "object": "{…}", "line": 9}])


FOLLOWED = [
    ("tidy()", 'def tidy():\n    op.drop_table("a")\n', "drops table a"),
    ('tidy("a")', 'def tidy(name, column="b"):\n    op.drop_column(name, column)\n', "drops column a.b"),
    ('tidy(name="a")', 'def tidy(name):\n    again(name)\n\n\ndef again(name):\n    op.drop_table(f"old_{name}")\n', "drops table old_a"),
    ("op.execute(SQL)", 'TABLE = "a"\nSQL = "DELETE " + f"FROM {TABLE}"\n', "deletes rows of a"),
    ("for line in LINES:\n    op.execute(line)", 'LINES = ["SELECT 1", "TRUNCATE a"]\n', "empties table a"),
    ("with op.batch_alter_table('a') as one:\n    tidy(one)", 'def tidy(batch):\n    batch.drop_column("b")\n', "drops column a.b"),
    ('globals()["upgrade_first"]()', 'def upgrade_first():\n    op.drop_table("a")\n', "drops table a"),
    ('drop_table("a")', "from alembic.op import drop_table\n", "drops table a"),
    ("tidy()", 'def tidy():\n    op.drop_table("a")\n    tidy()\n', "drops table a"),
    ('op.execute("; ".join(["DROP TABLE a", "SELECT 1"]))', "", "drops table a"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "above", "lost"), FOLLOWED)
def test_read_follows_helpers_and_constants_of_the_same_file(body: str, above: str, lost: str) -> None:
    found = read(body, above)
    assert [f"{entry['what']} {entry['object']}" for entry in found.data_loss] == [lost]
    assert not found.unknown


def test_read_of_one_direction_leaves_the_other() -> None:
    text = HEAD + 'def upgrade():\n    op.create_table("a")\n\n\ndef downgrade():\n    op.drop_table("a")\n'
    assert effects.read(text, "upgrade") == effects.read(text, "stamp") == effects.Effects()
    assert [entry["object"] for entry in effects.read(text, "downgrade").data_loss] == ["a"]


@pytest.mark.parametrize("text", ["def upgrade(:", "from other import upgrade", "upgrade = 1", "x = " + "(" * 300])
def test_read_of_what_cannot_be_read_is_unknown(text: str) -> None:
    assert effects.read(text, "upgrade").unknown


def test_read_of_a_function_that_is_called_without_end_ends() -> None:
    calls = "".join(f"def f{n}():\n" + f"    f{n + 1}()\n" * 8 for n in range(10))
    assert read("f0()", calls + "def f10():\n    pass\n").unknown


@pytest.mark.parametrize("text", ["", ";", "'", "$$", "/*", "DROP", "ALTER TABLE", "\0", "DO $$ $$", "ALTER TABLE a DROP"])
def test_losses_of_scraps_of_sql_are_none(text: str) -> None:
    assert effects_sql.losses(text) == []


# --- the demo's projects, and how they are kept


@pytest.fixture
def shop(db: None) -> Snapshot:
    project = Project.objects.create(slug="shop", name="Shop", source_kind=SourceKind.DIRECTORY, source_path="/srv/shop")
    scripts = []
    for path in sorted((Path(settings.BASE_DIR) / "demo/projects/shop/migrations/versions").glob("*.py")):
        sha256 = secrets.token_hex(32)
        SourceText.objects.create(sha256=sha256, text=path.read_text())
        scripts.append(Script(read_script(path, path.read_text()), path.name, sha256))
    return Snapshot.objects.create(
        project=project, digest=secrets.token_hex(32), graph=graphs.build(scripts), root="/", read_at=timezone.now()
    )


def test_effects_of_the_demo(shop: Snapshot) -> None:
    revisions = list(reversed(graphs.load(shop).order))
    found = dict(zip(revisions, effects.effects_of_steps(shop, [(revision, "upgrade") for revision in revisions]), strict=True))
    lossy = {revision: [entry["object"] for entry in one.data_loss] for revision, one in found.items() if one.data_loss}
    assert lossy == {"f5a08d3e91b6": ["customers.fax"]}
    assert [revision for revision, one in found.items() if one.non_atomic] == ["d81f36a5c0e4"]
    assert [revision for revision, one in found.items() if one.unknown] == []


def test_effects_of_are_kept_by_content(shop: Snapshot, django_assert_num_queries: Any) -> None:
    steps = [(revision, "downgrade") for revision in graphs.load(shop).order]
    with django_assert_num_queries(1):
        first = effects.effects_of_steps(shop, steps)
    with django_assert_num_queries(0):
        assert effects.effects_of_steps(shop, steps) == first
        assert effects.effects_of_steps(shop, [("4f1a2b7c9d10", "downgrade")])[0].data_loss[0]["object"] == "customers"


def test_effects_of_a_text_that_was_not_kept_are_unknown(db: None) -> None:
    project = Project.objects.create(slug="p", name="p", source_kind=SourceKind.DIRECTORY, source_path="/")
    graph = graphs.build([Script(ScriptFacts("a.py", "a"), "a.py", secrets.token_hex(32))])
    snapshot = Snapshot.objects.create(project=project, digest="0" * 64, graph=graph, root="/", read_at=timezone.now())
    assert all(one.unknown for one in effects.effects_of_steps(snapshot, [("a", "upgrade"), ("nothing", "upgrade")]))
