"""What changes between plan, approval and run: each refused with a sentence that names it, and nothing that is the same ever is."""

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from environments.models import Database, Environment, Policy
from environments.services import check_database_now
from jobs import execution, facts, gates, services
from jobs.errors import PlanStale
from jobs.models import Job, JobStatus, Plan
from jobs.plans import changed_since
from migrations_store.models import Project
from tests.jobs.conftest import table, write_revision
from tests.support import figures

UNCHANGED = 50  # docs/reliability.md has the figure of 200

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class World:
    """prod is to go to head, and its project has an interpreter of its own with one dependency."""

    admin: User
    rita: User
    root: Path
    venv: Path
    job: Job

    @property
    def database(self) -> Database:
        return Database.objects.select_related("project", "environment").get(pk=self.job.database_id)

    def profile(self, **fields: Any) -> None:
        Database.objects.filter(pk=self.job.database_id).update(**fields)

    def project(self, **fields: Any) -> None:
        Project.objects.update(**fields)

    def sql(self, *statements: str) -> None:
        with sqlite3.connect(self.database.database) as connection:
            for statement in statements:
                connection.execute(statement)
        check_database_now(self.database)


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """As `python -m venv` lays it out; its interpreter is a link to ours."""
    import sys

    root = tmp_path / "venv"
    packages = root / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (root / "bin").mkdir()
    (root / "bin" / "python").symlink_to(sys.executable)
    (root / "pyvenv.cfg").write_text("home = /usr/bin\ninclude-system-site-packages = false\nversion = 3.11.7\n")
    (packages / "alembic-1.16.5.dist-info").mkdir()
    return root


@pytest.fixture
def world(
    admin: User, rita: User, project: Project, root: Path, venv: Path, prod: Environment, add_database: Callable[..., Database]
) -> World:
    (root / "models.py").write_text("NAMES = []\n")
    project.python, project.env_vars, project.x_arguments = str(venv / "bin" / "python"), {"TENANT": "a"}, ["region=eu"]
    project.save()
    database = add_database(prod)
    return World(admin, rita, root, venv, services.request_job(database, user=admin, command="upgrade", revision="head"))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def moved(world: World) -> None:
    stage = Environment.objects.create(slug="stage", name="stage", position=3)
    world.profile(environment=stage)


def another_server(world: World) -> None:
    """The same path, and something else behind it."""
    place = Path(world.database.database)
    other = place.with_name("other.db")
    other.touch()
    place.unlink()
    place.symlink_to(other)
    check_database_now(world.database)


MUTATIONS: dict[str, tuple[Callable[[World], object], str]] = {
    "env.py edited": (lambda w: edit(w.root / "migrations/env.py", "NullPool", "StaticPool"), "code: 1 file differs (migrations/env.py)"),
    "models.py edited": (lambda w: edit(w.root / "models.py", "[]", "['x']"), "code: 1 file differs (models.py)"),
    "a revision edited": (lambda w: write_revision(w.root, "two", "one", *table("t_x")), "(migrations/versions/two.py)"),
    "a new revision": (lambda w: write_revision(w.root, "four", "three", *table("t_4")), "(migrations/versions/four.py)"),
    "a revision removed": (lambda w: (w.root / "migrations/versions/three.py").unlink(), "(migrations/versions/three.py)"),
    "alembic.ini edited": (lambda w: edit(w.root / "alembic.ini", "driver", "drivel"), "code: 1 file differs (alembic.ini)"),
    "a module added": (lambda w: (w.root / "extra.py").write_text(""), "code: 1 file differs (extra.py)"),
    "an environment variable": (lambda w: w.project(env_vars={"TENANT": "b"}), "environment variables changed (TENANT)"),
    "an -x argument": (lambda w: w.project(x_arguments=["region=us"]), "-x arguments changed (region)"),
    "another interpreter": (lambda w: w.project(python=""), "python changed"),
    "another working directory": (lambda w: w.project(working_directory="migrations"), "working_directory changed, none → migrations"),
    "the host": (lambda w: w.profile(host="db2"), "profile: host changed, none → db2"),
    "the port": (lambda w: w.profile(port=6432), "profile: port changed, none → 6432"),
    "the user": (lambda w: w.profile(username="root"), "profile: username changed, none → root"),
    "the database's name": (lambda w: w.profile(database=w.database.database + "2"), "profile: database changed"),
    "the version table": (lambda w: w.profile(version_table="versions"), "profile: version table changed, none → versions"),
    "the profile's name": (lambda w: w.profile(name="west"), "profile: name changed, none → west"),
    "the policy": (lambda w: Policy.objects.update(version=4, forbid_downgrade=True), "policy of prod: version 1 → 4 (forbid downgrade)"),
    "more approvals": (lambda w: Policy.objects.update(version=2, approvals=2), "policy of prod: version 1 → 2 (approvals)"),
    "the policy deleted": (lambda w: Policy.objects.all().delete(), "policy of prod: version 1 → none"),
    "the timeouts": (lambda w: Environment.objects.update(lock_timeout=99), "limits of prod: lock timeout 5 s → 99 s"),
    "unprotected": (lambda w: Environment.objects.update(protected=False), "prod is no longer protected"),
    "relabelled": (lambda w: Environment.objects.filter(slug="prod").update(slug="live"), "environment: prod is called live now"),
    "moved to another environment": (moved, "profile: it was moved from prod to stage"),
    "the database moved": (
        lambda w: w.sql("CREATE TABLE alembic_version (version_num TEXT)", "INSERT INTO alembic_version VALUES ('one')"),
        "database moved: base → one",
    ),
    "another server": (another_server, "server: another one answers (path)"),
    "a dependency upgraded": (
        lambda w: next(w.venv.glob("lib/*/*/alembic-*")).rename(w.venv / "lib/python3.11/site-packages/alembic-1.20.1.dist-info"),
        "dependencies: alembic 1.16.5 → 1.20.1",
    ),
    "a dependency added": (
        lambda w: (w.venv / "lib/python3.11/site-packages/Sneaky_Pkg-2.0.dist-info").mkdir(),
        "dependencies: sneaky-pkg absent → 2.0",
    ),
    "the interpreter upgraded": (lambda w: edit(w.venv / "pyvenv.cfg", "3.11.7", "3.12.1"), "dependencies: python 3.11.7 → 3.12.1"),
    "a plan of an earlier version": (lambda w: Plan.objects.update(facts={}), "earlier version of the dashboard"),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_change_after_the_approval_is_refused_and_named(world: World, name: str) -> None:
    change, says = MUTATIONS[name]
    services.decide(world.job, user=world.rita, decision="approve")
    file = Path(world.database.database)
    change(world)
    before = file.read_bytes()
    execution.execute(world.job.pk)
    found = Job.objects.get(pk=world.job.pk)
    assert (found.status, found.database_state) == (JobStatus.FAILED, "unchanged")
    assert found.error
    assert found.error["code"] == "plan_changed"
    assert says in found.error["why"]
    assert file.read_bytes() == before
    assert found.steps.filter(status="skipped").count() == 3


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_change_before_the_approval_cannot_be_approved(world: World, name: str) -> None:
    change, says = MUTATIONS[name]
    change(world)
    with pytest.raises(PlanStale) as refused:
        services.decide(Job.objects.get(pk=world.job.pk), user=world.rita, decision="approve")
    assert says in str(refused.value)
    assert Job.objects.get(pk=world.job.pk).status == JobStatus.AWAITING_APPROVAL


@pytest.mark.slow
def test_what_is_the_same_is_never_refused(world: World) -> None:
    """Many jobs from request to claim, with files touched and caches left behind between approval and claim."""
    services.cancel_job(world.job, user=world.admin)
    refused = []
    for turn in range(UNCHANGED):
        job = services.request_job(world.database, user=world.admin, command="upgrade", revision="head")
        services.decide(job, user=world.rita, decision="approve")
        disturb(world.root, turn)
        taken = execution.claim(job.pk)
        assert taken
        refused += changed_since(taken.plan, facts.planned(taken.plan))
        refused += [gate.name for gate in gates.of(taken.plan, job=taken) if not gate.passed]
        Job.objects.filter(pk=job.pk).update(status=JobStatus.FAILED)
    assert refused == []
    note = f"Approvals: {len(MUTATIONS)} kinds of change at 2 stages, each refused and named"
    figures.note(f"{note}; of {UNCHANGED} jobs with nothing changed between approval and claim {len(refused)} were refused")


def disturb(root: Path, turn: int) -> None:
    """Nothing that counts."""
    for path in root.rglob("*.py"):
        path.touch()
        path.chmod((0o644, 0o600, 0o755)[turn % 3])
    cache = root / "migrations" / "__pycache__"
    shutil.rmtree(cache, ignore_errors=True)
    if turn % 2:
        cache.mkdir()
        (cache / "env.cpython-311.pyc").write_bytes(b"\0")
