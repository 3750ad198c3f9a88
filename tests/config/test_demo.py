"""The demo where no PostgreSQL fits the machine, and its sample projects by Alembic's own command."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECTS = ROOT / "demo/projects"


def alembic(project: Path, *arguments: str) -> str:
    environment = os.environ | {"REPORTING_DATABASE_URL": f"sqlite:///{project}/reporting.sqlite3"}
    command = [sys.executable, "-m", "alembic", *arguments]
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(params=["shop", "reporting"])
def project(request, tmp_path) -> Path:
    return Path(shutil.copytree(PROJECTS / request.param, tmp_path / request.param))


@pytest.mark.slow
def test_sample_project_models_match_its_head(project):
    alembic(project, "upgrade", "head")
    assert "No new upgrade operations detected." in alembic(project, "check")


def test_shop_shows_what_alembic_can_do():
    text = "".join(path.read_text() for path in (PROJECTS / "shop/migrations/versions").glob("*.py"))
    assert text.count("down_revision = ") == 19
    for feature in ("autocommit_block", 'branch_labels = ("loyalty",)', "NotImplementedError", "sa.Enum(", 'down_revision = ("'):
        assert feature in text


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_demo_without_postgresql_uses_sqlite(tmp_path, settings):
    from accounts.services import create_first_admin
    from config.demo import Demo
    from environments.models import Database
    from notices.models import Notice

    settings.DATA_DIR = tmp_path
    create_first_admin("a good password", None)
    shutil.copytree(PROJECTS, tmp_path / "projects")
    for _ in range(2):  # the second time finds everything there
        Demo(tmp_path, None).make()
    assert {one.driver.partition("+")[0] for one in Database.objects.all()} == {"sqlite"}
    states = dict(Database.objects.values_list("name", "state").exclude(name=""))
    assert states == {"berlin": "unknown_revision", "lisbon": "uninitialised", "oslo": "up_to_date"}
    assert not Notice.objects.filter(read_at=None).exists()
