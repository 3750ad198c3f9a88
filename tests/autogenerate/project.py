"""One project with the models of all cases. Its env.py gives each case a revision of its own, as process_revision_directives may."""

from typing import Any

from tests.autogenerate.cases import CASES, marked
from tests.runner.projects import World, run
from tests.runner.test_propose import TEMPLATE

ENV = """\
import re
import sqlalchemy as sa
from alembic import context
from alembic.operations import ops
from sqlalchemy import create_engine, pool
from models import metadata


def ours(name, kind, parents):
    return kind != "schema" or name in (None, "side")


def of_a_case(context, revision, found):
    parts = {}
    for item in found[0].upgrade_ops.ops:
        parts.setdefault(re.search("_c([0-9]{2})x", item.table_name)[1], []).append(item)
    found[:] = []
    for case, items in sorted(parts.items()):
        upgrade = ops.UpgradeOps(items)
        found.append(ops.MigrationScript("case_" + case, upgrade, upgrade.reverse(), message="case " + case, head="head"))


with create_engine(context.config.get_main_option("sqlalchemy.url"), poolclass=pool.NullPool).connect() as connection:
    schemas = connection.dialect.name == "postgresql"
    context.configure(
        connection=connection, target_metadata=metadata, compare_type=True, compare_server_default=True, include_schemas=schemas,
        include_name=ours, process_revision_directives=of_a_case,
        autogenerate_plugins=["alembic.autogenerate.*", "alembic.ext.checkconstraint_byname"],
    )
    with context.begin_transaction():
        context.run_migrations()
"""


def models(kind: str, side: str) -> str:
    """The cases of a kind of server, `before` or `after`, as a module."""
    bodies = [marked(getattr(case, side), number) for number, case in enumerate(CASES) if kind in case.on]
    return "import sqlalchemy as sa\n\nmetadata = sa.MetaData()\n" + "".join(bodies)


def proposed(world: World, kind: str, url: str, identity: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """What the runner proposes, by the number of the case; the database has what was before already."""
    world.write("migrations/env.py", ENV)
    world.write("migrations/script.py.mako", TEMPLATE)
    world.write("models.py", models(kind, "after"))
    (world.root / "migrations" / "versions").mkdir()
    seen = run(world.spec("propose", ids=[], url=url, identity=identity, lock_key=None, proposal={"message": "all cases"}))
    assert seen.exit.closed, (seen.exit.error, seen.text)
    (told,) = seen.named("proposal")
    return {int(file["revision"].removeprefix("case_")): file for file in told["files"]}
