"""A real project with SQLite databases, registered through the services, whose jobs are run by a call instead of a worker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import Role, User
from environments import services as environments
from environments.models import Database, Environment
from jobs import execution, services
from jobs.models import Job
from migrations_store import services as store
from migrations_store.models import Project
from tests.environments.conftest import execute, write_version

ENV = """\
from alembic import context
from sqlalchemy import create_engine, pool

config = context.config
url = config.get_main_option("sqlalchemy.url")
if context.is_offline_mode():
    context.configure(url=url, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(url, poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, target_metadata=None)
        with context.begin_transaction():
            context.run_migrations()
"""
REVISION = '''\
"""{message}"""
import os, time
import sqlalchemy as sa
from alembic import op

revision = {id!r}
down_revision = {down!r}


def upgrade():
    {up}


def downgrade():
    {undo}
'''


def write_revision(root: Path, id: str, down: str | tuple[str, ...] | None, up: str, undo: str = "pass", message: str = "") -> None:
    text = REVISION.format(id=id, down=down, up=up, undo=undo, message=message or f"makes {id}")
    (root / "migrations" / "versions" / f"{id}.py").write_text(text)


def grow(root: Path, count: int) -> None:
    """A line of so many revisions on top of the three."""
    down = "three"
    for number in range(1, count + 1):
        write_revision(root, f"r{number:03}", down, "pass")
        down = f"r{number:03}"


def table(name: str) -> tuple[str, str]:
    return f'op.create_table("{name}", sa.Column("id", sa.Integer, primary_key=True))', f'op.drop_table("{name}")'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project of three revisions in a line: one, two, three; each makes a table."""
    place = tmp_path / "shop"
    (place / "migrations" / "versions").mkdir(parents=True)
    (place / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\nsqlalchemy.url = driver://\n")
    (place / "migrations" / "env.py").write_text(ENV)
    for id, down in (("one", None), ("two", "one"), ("three", "two")):
        write_revision(place, id, down, *table(f"t_{id}"))
    return place


@pytest.fixture
def admin(db: None) -> User:
    return User.objects.create_user("ada", password="correct horse", role=Role.ADMIN)


@pytest.fixture
def project(admin: User, root: Path) -> Project:
    return store.create_project(user=admin, fields={"slug": "shop", "source": {"kind": "directory", "path": str(root)}})


@pytest.fixture
def dev(admin: User) -> Environment:
    return environments.create_environment(user=admin, fields={"slug": "dev", "name": "dev", "position": 1, "protected": False})


@pytest.fixture
def prod(admin: User) -> Environment:
    """Protected: one approval by a reviewer."""
    return environments.create_environment(user=admin, fields={"slug": "prod", "name": "prod", "position": 2, "protected": True})


@pytest.fixture
def add_environment(admin: User) -> Callable[..., Environment]:
    def add(slug: str, position: int, *, protected: bool = False) -> Environment:
        return environments.create_environment(
            user=admin, fields={"slug": slug, "name": slug, "position": position, "protected": protected}
        )

    return add


@pytest.fixture
def rita(db: None) -> User:
    return User.objects.create_user("rita", password="correct horse", role=Role.REVIEWER)


@pytest.fixture
def add_database(admin: User, project: Project, dev: Environment, tmp_path: Path) -> Callable[..., Database]:
    def add(environment: Environment = dev, name: str = "", **fields: object) -> Database:
        path = tmp_path / f"{environment.slug}{name}.db"
        path.touch()
        body = {"project": "shop", "environment": environment.slug, "name": name, "url": f"sqlite:///{path}"} | fields
        database = environments.create_database(user=admin, fields=body)
        environments.check_database_now(database)
        database.refresh_from_db()
        return database

    return add


@pytest.fixture
def database(add_database: Callable[..., Database]) -> Database:
    return add_database()


def stand_at(database: Database, *line: str) -> Database:
    """Brings the database to the last of these revisions as Alembic would, without a job: for tests of what comes after."""
    path = Path(database.database)
    execute(path, *(f"CREATE TABLE IF NOT EXISTS t_{id} (id INTEGER PRIMARY KEY)" for id in line))
    write_version(path, line[-1])
    environments.check_database_now(database)
    database.refresh_from_db()
    return database


@pytest.fixture
def run(admin: User) -> Callable[..., Job]:
    """Requests a job and executes it in this process, as a worker would."""

    def request_and_execute(database: Database, command: str, revision: str | None = "head", **options: object) -> Job:
        database.refresh_from_db()
        job = services.request_job(database, user=admin, command=command, revision=revision, **options)  # type: ignore[arg-type]
        execution.execute(job.pk)
        job.refresh_from_db()
        return job

    return request_and_execute
