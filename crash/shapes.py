"""Real Alembic projects of several shapes. Each revision leaves a row in `effects`, in which nothing is unique."""

import importlib.util
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

INI = "[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = driver://\n"
ENV = """\
from alembic import context
from sqlalchemy import create_engine, pool

url = context.config.get_main_option("sqlalchemy.url")


def run(connection):
    context.configure(connection=connection, target_metadata=None{options})
    with context.begin_transaction():
        context.run_migrations()


if context.is_offline_mode():
    context.configure(url=url, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
{online}
"""
ONLINE = """\
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        run(connection)
"""
ASYNC = """\
    import asyncio
    from sqlalchemy.ext.asyncio import create_async_engine

    async def main():
        engine = create_async_engine(url.replace("{sync}", "{driver}"), poolclass=pool.NullPool)
        async with engine.connect() as connection:
            await connection.run_sync(run)
        await engine.dispose()

    asyncio.run(main())
"""
REVISION = '''\
"""makes {id}"""
import os, time
import sqlalchemy as sa
from alembic import op

revision, down_revision = {id!r}, {down!r}


def note(more=""):
    op.execute("INSERT INTO effects (revision, who) VALUES ('{id}%s', '%d')" % (more, os.getpid()))


def pause(seconds):
    if not op.get_context().as_sql:
        time.sleep(seconds)


def upgrade():
{up}


def downgrade():
{undo}
'''
LONG = {
    "postgresql": "DO $$ BEGIN PERFORM pg_sleep(2); INSERT INTO effects (revision, who) VALUES ('{id}', '%d'); END $$",
    "mariadb": "INSERT INTO effects (revision, who) SELECT '{id}', '%d' FROM (SELECT SLEEP(2)) AS waited",
}
DONE = ".done"  # what a twin writes at the end of a revision, so that two of them at once are told from one after the other
SLOW = 38.0  # longer than a silent worker is believed to live
DRIVERS = {"postgresql": ("asyncpg", "postgresql+psycopg2", "postgresql+asyncpg"), "sqlite": ("aiosqlite", "sqlite", "sqlite+aiosqlite")}


@dataclass
class Shape:
    """A project. `honest` is false where env.py ends with status 0 without having done its work: it must never count as a success.
    `atomic` is true where a step and its version are one transaction; `lanes` says how many databases it gets, `twins` that each
    of them is registered twice, `versioned` that the version table is there from the beginning:
    nothing but our lock keeps two apart then."""

    name: str
    bodies: dict[str, str]
    options: str = ""
    online: str = ONLINE
    honest: bool = True
    atomic: bool = True
    lanes: int = 2
    twins: bool = False
    versioned: bool = False
    undone: bool = False
    root: Path = field(default_factory=Path)

    @property
    def revisions(self) -> list[str]:
        return list(self.bodies)

    def tables(self, count: int) -> list[str]:
        """What is there once so many revisions have been applied."""
        return sorted(f"t_{id}" for id in self.revisions[:count] if f"t_{id}" in self.bodies[id])

    def write(self, directory: Path) -> None:
        self.root = directory / self.name
        versions = self.root / "migrations" / "versions"
        versions.mkdir(parents=True)
        (self.root / "alembic.ini").write_text(INI)
        (self.root / "migrations" / "env.py").write_text(ENV.format(options=self.options, online=self.online))
        down = None
        for id, up in self.bodies.items():
            undo = f'op.drop_table("t_{id}")\npause(0.1)' if f"t_{id}" in up else "pass"
            text = REVISION.format(id=id, down=down, up=indent(up), undo=indent(undo))
            (versions / f"{id}.py").write_text(text)
            down = id


def indent(body: str) -> str:
    return textwrap.indent(textwrap.dedent(body).strip(), "    ")


def table(id: str, seconds: float = 0.15) -> str:
    return f'op.create_table("t_{id}", sa.Column("id", sa.Integer, primary_key=True))\nnote()\npause({seconds})'


def outside(statement: str) -> str:
    """In a transaction of its own, which is committed before the version moves."""
    return f"with op.get_context().autocommit_block():\n    {statement}\npause(0.3)"


def shapes(engine: str) -> list[Shape]:
    line = {id: table(id) for id in ("a1", "a2", "a3")}
    counter = {"c1": table("c1"), "c2": outside("note()"), "c3": table("c3")}
    twin = {"w1": outside("note()") + "\npause(1.0)\n" + outside(f"note({DONE!r})"), "w2": table("w2")}
    liar = {"l1": table("l1"), "l2": f"{table('l2')}\npause(0.1)\nif not op.get_context().as_sql:\n    os._exit(0)"}
    transactional = engine == "postgresql"
    found = [
        Shape("plain", line, atomic=transactional),
        Shape("each", {id: table(id) for id in ("e1", "e2", "e3")}, ", transaction_per_migration=True",
              atomic=transactional, undone=True),
        Shape("counter", counter, atomic=False),
        Shape("twin", twin, atomic=False, twins=True, versioned=True),
        Shape("liar", liar, honest=False, atomic=False, lanes=1),
        Shape("slow", {"o1": table("o1", SLOW)}, atomic=transactional, lanes=1),
    ]  # fmt: skip
    if engine in LONG:
        statement = f"op.execute({LONG[engine].format(id='s2')!r} % os.getpid())"
        found.append(Shape("long", {"s1": table("s1"), "s2": outside(statement), "s3": table("s3")}, atomic=False))
    if engine == "mariadb":
        many = "\n".join(f'op.create_table("x{n}", sa.Column("id", sa.Integer, primary_key=True))\npause(0.05)' for n in range(4))
        found.append(Shape("multi", {"m1": table("m1"), "m2": f"{many}\n{table('m2')}"}, atomic=False))
    module, sync, driver = DRIVERS.get(engine, ("none", "", ""))
    if module != "none" and importlib.util.find_spec(module):
        bodies = {id: table(id) for id in ("y1", "y2", "y3")}
        found.append(Shape("async", bodies, online=ASYNC.format(sync=sync, driver=driver), atomic=transactional))
    return found
