"""What people make of a proposal: edited files and accepted renames, with real projects, the real runner and rows that stay."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import User
from config.errors import Conflict, Invalid
from environments.models import Database
from jobs.models import Job
from jobs.proposals import editing, plain, services
from jobs.proposals.errors import ProposalMoved
from migrations_store.models import Proposal, ProposalVersion
from runner import texts
from runner.failures import Failure
from tests.jobs.conftest import ENV
from tests.runner.test_propose import TEMPLATE
from tests.support.proposals import made

MODELS = """\
import sqlalchemy as sa
target_metadata = sa.MetaData()
for name in ("one", "two"):
    sa.Table("t_" + name, target_metadata, sa.Column("id", sa.Integer, primary_key=True))
people = sa.Table("t_three", target_metadata, sa.Column("id", sa.Integer, primary_key=True), sa.Column("full_name", sa.String(80)))
sa.Index("ix_full_name", people.c.full_name)
"""
HISTORY = """\
revision, down_revision = "three", "two"
import sqlalchemy as sa
from alembic import op


def upgrade():
    op.create_table("t_three", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40)))
    op.create_index("ix_name", "t_three", ["name"])


def downgrade():
    op.drop_index("ix_name", "t_three")
    op.drop_table("t_three")
"""


@pytest.fixture
def modelled(root: Path, database: Database, run: Callable[..., Job], request: pytest.FixtureRequest) -> Database:
    """At head. The models call `name` another name, with another length and another index."""
    batch = getattr(request, "param", True)
    env = ENV.replace("config = context.config\n", "config = context.config\n" + MODELS)
    env = env.replace("target_metadata=None", f"target_metadata=target_metadata, render_as_batch={batch}")
    (root / "migrations" / "env.py").write_text(env)
    (root / "migrations" / "script.py.mako").write_text(TEMPLATE)
    (root / "migrations" / "versions" / "three.py").write_text(HISTORY)
    run(database, "upgrade")
    return database


@pytest.fixture
def proposal(modelled: Database, admin: User) -> Proposal:
    return services.request_proposal(modelled, user=admin, message="names", revision_id="four")


def write(root: Path, version: ProposalVersion) -> None:
    (root / version.files[0]["path"]).write_text(version.files[0]["python"])


def rows(database: Database) -> list[tuple[object, ...]]:
    with sqlite3.connect(database.database) as connection:
        return connection.execute("SELECT * FROM t_three").fetchall()


def columns(database: Database) -> list[tuple[str, str]]:
    with sqlite3.connect(database.database) as connection:
        return [(row[1], row[2]) for row in connection.execute("PRAGMA table_info(t_three)")]


@pytest.mark.slow
@pytest.mark.django_db
def test_accepted_rename_keeps_the_rows_both_ways(
    root: Path, modelled: Database, proposal: Proposal, admin: User, run: Callable[..., Job]
) -> None:
    first = made(proposal)
    guessed = {entry["key"]: entry["rename_guess"] for entry in first.changes if entry["rename_guess"]}
    assert guessed == {"column:t_three.full_name": "name", "column:t_three.name": "full_name"}
    version = made(editing.treat_as_rename(proposal, user=admin, key="column:t_three.name", expected_version=1))
    assert (proposal.status, proposal.error, proposal.draft) == ("open", None, None)
    assert (version.number, version.origin, version.author, version.note) == (2, "renamed", admin, "t_three.name is renamed to full_name")
    told = {(entry["key"], entry["before"], entry["after"]) for entry in version.changes}
    assert ("name:t_three.name", "name", "full_name") in told or ("name:t_three.name", "'name'", "'full_name'") in told, told
    assert not [entry for entry in version.changes if entry["what"] in ("added", "removed") and entry["kind"] == "column"]
    python = version.files[0]["python"]
    assert ("drop_column" in python, "add_column" in python) == (False, False)
    assert "RENAME name TO full_name" in version.files[0]["sql"]["postgresql"]["upgrade"]["sql"]
    assert "RENAME full_name TO name" in version.files[0]["sql"]["postgresql"]["downgrade"]["sql"]
    assert "CHANGE name full_name VARCHAR(80)" in version.files[0]["sql"]["mysql"]["upgrade"]["sql"]
    with sqlite3.connect(modelled.database) as connection:
        connection.execute("INSERT INTO t_three VALUES (1, 'Ada')")
    write(root, version)
    run(modelled, "upgrade")
    assert (columns(modelled), rows(modelled)) == ([("id", "INTEGER"), ("full_name", "VARCHAR(80)")], [(1, "Ada")])
    run(modelled, "downgrade", "three")
    assert (columns(modelled), rows(modelled)) == ([("id", "INTEGER"), ("name", "VARCHAR(40)")], [(1, "Ada")])


@pytest.mark.slow
@pytest.mark.django_db
def test_edit_is_a_version_by_its_author_with_its_own_sql(proposal: Proposal, admin: User, rita: User) -> None:
    first = made(proposal)
    text = first.files[0]["python"].replace("def upgrade():\n", 'def upgrade():\n    op.execute("SELECT 1")\n')
    version = made(editing.edit(proposal, user=rita, python=text.replace("\n", "\r\n"), expected_version=1, note="looks first"))
    assert (version.number, version.origin, version.author, version.note) == (2, "edited", rita, "looks first")
    assert (version.files[0]["python"], version.checksum != first.checksum) == (text, True)
    assert version.files[0]["sql"]["postgresql"]["upgrade"]["sql"].startswith("SELECT 1;")
    assert (version.changes, version.red_flags, version.blind_spots) == (first.changes, first.red_flags, first.blind_spots)
    assert list(version.files[0]["sql"]) == list(first.files[0]["sql"])
    with pytest.raises(ProposalMoved):
        editing.edit(proposal, user=rita, python=text + "# more", expected_version=1)


@pytest.mark.slow
@pytest.mark.django_db
def test_edit_that_is_not_taken_leaves_the_version_and_keeps_the_draft(proposal: Proposal, admin: User) -> None:
    text = made(proposal).files[0]["python"].replace("'four'", "'five'")
    assert made(editing.edit(proposal, user=admin, python=text, expected_version=1)).number == 1
    assert (proposal.status, proposal.error["code"], proposal.draft["python"]) == ("open", "edited_file", text)
    assert proposal.error["why"] == "Its revision was 'four' and is 'five' now. An edit leaves it as it is."
    assert made(services.request_again(proposal, user=admin)).number == 2
    assert (proposal.draft, proposal.error) == (None, None)


FILE = "revision = 'four'\ndown_revision = 'three'\ndef upgrade():\n    pass\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (FILE.replace("'three'", "'two'"), "Its down_revision was three and is two now."),
        (FILE.replace("'three'", "None"), "Its down_revision was three and is None now."),
        (FILE.replace("'three'", "'th' + 'ree'"), "down_revision has to be written out, not computed."),
        (FILE + "down_revision = None\n", "down_revision has to be assigned exactly once"),
        (FILE + "if True:\n    revision = 'x'\n", "revision has to be assigned exactly once"),
        (FILE + "from os import name as revision\n", "revision has to be assigned exactly once"),
        (FILE + "for revision in 'x': pass\n", "revision has to be assigned exactly once"),
        (FILE.replace("def upgrade", "def forward"), "It has no function upgrade() any more."),
        (FILE + "def broken(:\n", "Line 5 is no Python: "),
        (FILE.replace("revision = 'four'\n", "", 1), "revision has to be assigned exactly once"),
    ],
)
def test_edit_keeps_its_place_in_the_history(text: str, told: str) -> None:
    with pytest.raises(Failure, match=re.escape(told)):
        texts.require({"python": text, "revision": "four", "down_revisions": ["three"]})


@pytest.mark.parametrize("text", [FILE, FILE.replace("down_revision =", "down_revision: str ="), FILE.replace("'three'", "('three',)")])
def test_edit_that_keeps_it_is_taken(text: str) -> None:
    texts.require({"python": text, "revision": "four", "down_revisions": ["three"]})


@pytest.mark.django_db
def test_edited_file_that_does_more_is_not_run_as_our_own_user(proposal: Proposal, admin: User, tmp_path: Path) -> None:
    """Whoever may edit is not thereby somebody who may run programs on this machine."""
    text = made(proposal).files[0]["python"] + f"\nimport pathlib\npathlib.Path({str(tmp_path / 'sly')!r}).touch()\n"
    version = made(editing.edit(proposal, user=admin, python=text, expected_version=1))
    assert (version.number, proposal.error) == (2, None)
    for ways in version.files[0]["sql"].values():
        assert ways["upgrade"]["sql"] is None
        assert "does more than describe a migration" in ways["upgrade"]["sql_unavailable"]
    assert not (tmp_path / "sly").exists()


@pytest.mark.django_db
def test_what_is_no_edit_is_refused_at_once(proposal: Proposal, admin: User) -> None:
    with pytest.raises(Conflict, match="being made already"):
        editing.edit(proposal, user=admin, python="x", expected_version=1)
    python = made(proposal).files[0]["python"]
    for text in (python, "", "  \n", "x" * 200_001, "a\0b", "a\x0cb"):
        with pytest.raises(Invalid):
            editing.edit(proposal, user=admin, python=text, expected_version=1)
    with pytest.raises(Invalid):
        editing.edit(proposal, user=admin, python="x", expected_version=1, path="elsewhere.py")
    with pytest.raises(Invalid, match="no guessed rename"):
        editing.treat_as_rename(proposal, user=admin, key="column:t_one.id", expected_version=1)
    proposal.refresh_from_db()
    assert (proposal.status, proposal.draft, proposal.versions.count()) == ("open", None, 1)


HEAD = "from alembic import op\nimport sqlalchemy as sa\nfrom sqlalchemy.dialects import postgresql\nrevision = 'a'\n"
HARMLESS = [
    "op.create_table('x', sa.Column('id', sa.Integer(), nullable=False), sa.PrimaryKeyConstraint('id'))",
    "with op.batch_alter_table('t', schema=None) as batch_op:\n    batch_op.create_index(batch_op.f('ix'), ['n'], unique=False)",
    "with op.get_context().autocommit_block():\n    op.create_index('i', 't', ['n'], postgresql_concurrently=True)",
    "for name in ('a', 'b'):\n    op.execute(f'UPDATE {name} SET x = 1')",
    "bind = op.get_bind()\nif bind.dialect.name == 'postgresql':\n    bind.execute(sa.text('x'))",
    "t = sa.table('t', sa.column('id'))\nop.execute(t.update().where(t.c.id == 1).values(id=2))",
    "sa.Enum('a', name='b').create(op.get_bind(), checkfirst=True)",
    "op.alter_column('t', 'x', server_default=sa.func.now(), type_=postgresql.JSONB(astext_type=sa.Text()))",
]
HARMFUL = [
    "import os", "import sqlalchemy.util", "from sqlalchemy import util", "from sqlalchemy import create_engine",
    "from alembic import util",
    "from . import x", "import app.types", "x = sa.util.os", "x = sa.__loader__", "x = ().__class__", "x = eval('1')",
    "x = open('/etc/passwd')", "x = getattr(sa, 'util')", "x = lambda: 1", "class A: pass", "x = sa.create_engine('x')",
    "x = '{0.__class__}'.format(sa)", "@print\ndef f(): pass", "op = 3", "x = op.get_context().config", "x = op.get_context().impl",
    "while True: pass", "x = postgresql.base.re", "x = __builtins__", "try:\n    pass\nexcept Exception: pass", "async def f(): pass",
    "x = sa.func.os.system", "x = sa.event.listen", "def f(eval): pass\nx = eval('1')", "print = 3", "global x", "x = [y async for y in z]",
    "import sqlalchemy as op", "from typing import get_type_hints as sa", "x = sa.dialects.postgresql.base",
]  # fmt: skip


@pytest.mark.parametrize("text", HARMLESS)
def test_plain_migration_is_run(text: str) -> None:
    assert plain.why_not_run(HEAD + text) == ""


@pytest.mark.parametrize("text", HARMFUL)
def test_what_could_be_anything_is_not_run(text: str) -> None:
    assert "does more than describe a migration" in plain.why_not_run(HEAD + text)


def test_types_of_the_modules_that_the_template_imports_may_be_used() -> None:
    before = HEAD + "import app.types\nimport geo\n"
    assert plain.why_not_run(before + "x = app.types.GUID()\ny = geo.Geometry('POINT')", before) == ""
    assert plain.why_not_run(before + "x = app.types.os.Popen()", before) != ""
    assert plain.why_not_run("import os\nx = os.DirEntry()", "import os\n") != ""
