"""A project to try things on: its code is copied into the data directory, and its databases are SQLite files beside it."""

import shutil
import sqlite3
from pathlib import Path

from django.conf import settings

from accounts.models import User
from accounts.permissions import Action, require
from config.errors import Conflict
from environments import services as environments
from environments.models import Database, Environment
from jobs.services import request_job
from migrations_store import services as store
from migrations_store.models import Project

SLUG = "sample"
CODE = "reporting"  # of demo/projects
FURTHEST = ("head", "c6905de3a84f")  # of the first environment and the second; the third is left empty


def create(*, user: User) -> Project:
    """Registers it with a database in each of the first three environments; what the first two have is run by a worker, as any job."""
    require(user, Action.CONFIGURE)
    if Project.objects.filter(slug=SLUG).exists():
        raise Conflict("There is a sample project already.")
    home = settings.DATA_DIR / "sample"
    shutil.copytree(settings.BASE_DIR / "demo" / "projects" / CODE, home / CODE, dirs_exist_ok=True)
    fields = {"slug": SLUG, "name": "Sample", "source": {"kind": "directory", "path": str(home / CODE)}, "config_path": "pyproject.toml"}
    project = store.create_project(user=user, fields=fields | {"env_vars": {"REPORTING_DATABASE_URL": "{url}"}})
    made = [_database(project, stage, home, user) for stage in Environment.objects.all()[:3]]
    for database, revision in zip(made, FURTHEST, strict=False):
        environments.check_database_now(database)
        if not database.environment.protected:
            request_job(database, user=user, command="upgrade", revision=revision, reason="A sample to look at")
    return project


def _database(project: Project, stage: Environment, home: Path, user: User) -> Database:
    """An empty database, not an empty file."""
    path = home / f"{stage.slug}.sqlite3"
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as connection:
        connection.execute("VACUUM")
    connection.close()
    return environments.create_database(
        user=user, fields={"project": project.slug, "environment": stage.slug, "name": "", "url": f"sqlite:///{path}"}
    )
