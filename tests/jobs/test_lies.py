"""Seventeen projects that lie: about what they did, where they did it, or in our own words. None may be shown as a success, and none
may write into a database that is not the profile's."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from accounts.models import User
from config.embedded import EmbeddedPostgres
from environments import services as environments
from environments.models import Database, Environment
from jobs import execution, services
from jobs.models import Job, JobStatus, OutcomeState
from migrations_store import services as store
from migrations_store.models import Project
from tests.jobs.conftest import ENV, write_revision
from tests.support import figures

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow, pytest.mark.postgresql]
EARLY = """\
from alembic import context
from sqlalchemy import create_engine, pool, text
url = context.config.get_main_option("sqlalchemy.url")
with create_engine(url, poolclass=pool.NullPool).connect() as connection:
    connection.execute(text({statement!r}))
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
CLOSING = '{"event": "closing", "steps_done": 3}\\n'
ALL_DESCRIPTORS = f"""\
for number in range(3, 64):
    try: os.write(number, b'{CLOSING}')
    except OSError: pass
os._exit(0)
"""
OUR_OBJECTS = """\
import gc, os
for found in gc.get_objects():
    if type(found).__name__ == "Events" and hasattr(found, "emit"):
        for position, name in enumerate(("one", "two", "three"), 1):
            found.emit("step_started", position=position, revision=name)
            found.emit("step_finished", position=position, revision=name, duration_ms=1)
        found.emit("closing", steps_done=3)
os._exit(0)
"""
OUR_CODE = """\
import sys
for name, module in list(sys.modules.items()):
    if name.endswith(".commands") and hasattr(module, "Run"):
        module.Run.run = module.Migrate.run = lambda self, config: None
        module.Run.conclude = lambda self: None
from alembic import context
context.run_migrations = lambda **_: None
raise SystemExit(0)
"""
HARD_CODED = ENV.replace('config.get_main_option("sqlalchemy.url")', "{wrong!r}")

# A name for each: the file that lies, and its text. What catalogue entry it stands for is in the name.
LIES: dict[str, tuple[str, str]] = {
    "A3 advisory lock before configure": ("env.py", EARLY.format(statement="SELECT pg_advisory_lock(1)")),
    "A3 setting before configure": ("env.py", EARLY.format(statement="SET lock_timeout = '5s'")),
    "A13 SystemExit in env.py": ("env.py", "raise SystemExit(0)"),
    "A13 os._exit in env.py": ("env.py", "import os; os._exit(0)"),
    "A13 sys.exit at a revision's import": ("three.py", "import sys; sys.exit()"),
    "A13 sys.exit in upgrade": ("three.py", "up: import sys; sys.exit(0)"),
    "A13 os._exit in upgrade": ("three.py", "up: op.create_table('half', sa.Column('id', sa.Integer)); os._exit(0)"),
    "A13 empty env.py": ("env.py", ""),
    "A14 another URL in env.py": ("env.py", HARD_CODED),
    "A14 URL of the environment": ("env.py", "import os; os.environ.setdefault('DSN', {wrong!r})\n" + ENV.replace(
        'config.get_main_option("sqlalchemy.url")', "os.environ['DSN']")),
    "A14 URL of a .env file": ("env.py", ENV.replace(
        'config.get_main_option("sqlalchemy.url")', "open(__file__.replace('env.py', 'dotenv')).read().partition('=')[2]")),
    "A14 URL of the application's settings": ("env.py", "import sys; sys.path.insert(0, __file__[:-6])\nimport shop_settings\n"
        + ENV.replace('config.get_main_option("sqlalchemy.url")', "shop_settings.URL")),
    "A14 URL put over the given one": ("env.py", ENV.replace("config = context.config\n",
        "config = context.config\nconfig.set_main_option('sqlalchemy.url', {wrong!r}.replace('%', '%%'))\n")),
    "A14 another server under the same name": ("env.py", HARD_CODED.replace("{wrong!r}", "{other!r}")),
    "forged closing event on every descriptor": ("env.py", ALL_DESCRIPTORS),
    "forged events through our own objects": ("env.py", OUR_OBJECTS),
    "forged end through our own code": ("env.py", OUR_CODE),
}  # fmt: skip
COUNT = {"projects": 0, "shown as success": 0, "writes to a wrong database": 0}


@pytest.fixture(scope="module")
def other_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """What an alias may lead to: another server, whose database has the right name."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("other"), durable=False) as server:
        server.create_database("lies_right")
        yield server


@pytest.fixture
def urls(postgres: EmbeddedPostgres, other_server: EmbeddedPostgres) -> Iterator[dict[str, str]]:
    for name in ("lies_right", "lies_wrong"):
        postgres.create_database(name)
    right, wrong = postgres.url("lies_right"), postgres.url("lies_wrong")
    yield {"right": right, "wrong": wrong, "other": other_server.url("lies_right")}
    for name in ("lies_right", "lies_wrong"):
        postgres.drop_database(name)


@pytest.fixture(scope="module", autouse=True)
def counted() -> Iterator[None]:
    yield
    figures.note(", ".join(f"{name}: {number}" for name, number in COUNT.items()))


def relations(url: str) -> list[Any]:
    with closing(psycopg2.connect(url.replace("+psycopg2", ""))) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' ORDER BY 1")
        return [name for (name,) in cursor.fetchall()]


@pytest.fixture
def lie(admin: User, project: Project, dev: Environment, root: Path, urls: dict[str, str]) -> Callable[[str], Job]:
    """Writes the lie into the project and runs an upgrade to its head."""

    def run(name: str) -> Job:
        file, text = LIES[name]
        for mark, url in urls.items():
            text = text.replace("{" + mark + "!r}", repr(url))
        if text.startswith("up: "):
            write_revision(root, "three", "two", text.removeprefix("up: "))
        else:
            place = root / "migrations" / ("env.py" if file == "env.py" else f"versions/{file}")
            place.write_text(text if file == "env.py" else place.read_text() + text)
        (root / "migrations" / "dotenv").write_text(f"DSN={urls['wrong']}")
        (root / "migrations" / "shop_settings.py").write_text(f"URL = {urls['wrong']!r}")
        database = environments.create_database(user=admin, fields={"project": "shop", "environment": "dev", "url": urls["right"]})
        return upgrade(database, admin)

    return run


def upgrade(database: Database, user: User) -> Job:
    store.refresh_if_directory(database.project)
    environments.check_database_now(database)
    database.refresh_from_db()
    job = services.request_job(database, user=user, command="upgrade", revision="head")
    execution.execute(job.pk)
    job.refresh_from_db()
    return job


@pytest.mark.parametrize("name", LIES)
def test_a_lie_is_no_success_and_touches_no_other_database(lie: Callable[[str], Job], urls: dict[str, str], name: str) -> None:
    job = lie(name)
    elsewhere = [relations(urls[place]) for place in ("wrong", "other")]
    COUNT["projects"] += 1
    COUNT["shown as success"] += job.status == JobStatus.SUCCEEDED
    COUNT["writes to a wrong database"] += elsewhere != [[], []]
    assert job.status == JobStatus.FAILED
    assert elsewhere == [[], []]
    assert (job.database_state, job.heads_after) == (OutcomeState.UNCHANGED, [])
    assert [table for table in relations(urls["right"]) if table.startswith("t_")] == []
    assert job.error
    assert job.error["title"]
    assert job.error["next"]
    if name.startswith("A14"):
        assert job.error["code"] == "wrong_database"


def test_there_are_seventeen() -> None:
    assert len(LIES) == 17
