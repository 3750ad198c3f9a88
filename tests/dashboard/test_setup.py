"""The first run, from nothing to the first look."""

import sqlite3
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client

from accounts.models import User
from environments.models import Database, Environment
from jobs.models import Job
from migrations_store.models import Project
from tests.jobs.conftest import ENV, table, write_revision
from tests.support.sessions import signed_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    root = tmp_path / "My Shop"
    (root / "migrations" / "versions").mkdir(parents=True)
    (root / "pyproject.toml").write_text('[tool.alembic]\nscript_location = "%(here)s/migrations"\n')
    (root / "migrations" / "env.py").write_text(ENV)
    write_revision(root, "one", None, *table("t_one"))
    write_revision(root, "two", "one", *table("t_two"))
    return root


def test_five_steps_lead_to_the_first_look(client: Client, code: Path, tmp_path: Path) -> None:
    assert "Make these" in client.get("/").content.decode()
    client.post("/setup/environments", {"stage": ["dev", "", "live"], "protected": ["live"]})
    assert list(Environment.objects.values_list("slug", "protected")) == [("dev", False), ("live", True)]
    assert "Find its revisions" in client.get("/setup/").content.decode()

    refused = client.post("/setup/project", {"place": str(tmp_path / "nowhere")})
    assert (refused.status_code, "There is no directory" in refused.content.decode()) == (422, True)
    client.post("/setup/project", {"place": str(code)})
    project = Project.objects.get()
    assert (project.slug, project.name, project.config_path) == ("my-shop", "My Shop", "pyproject.toml")
    shown = client.get("/setup/").content.decode()
    assert "2 revisions, 1 head" in shown

    path = tmp_path / "dev.db"
    with sqlite3.connect(path) as connection:
        connection.execute("VACUUM")
    tried = client.post("/setup/databases", {"dev-url": f"sqlite:///{path}", "test": "1"}).content.decode()
    assert "answers" in tried
    assert not Database.objects.exists()
    client.post("/setup/databases", {"dev-url": f"sqlite:///{path}"})
    assert Database.objects.get().environment.slug == "dev"
    assert "Nothing has been changed in any database" in client.get("/setup/").content.decode()
    assert path.stat().st_size == 0 or not sqlite3.connect(path).execute("SELECT * FROM sqlite_master").fetchall()


def test_a_password_is_not_sent_back(client: Client, code: Path) -> None:
    client.post("/setup/environments", {})
    client.post("/setup/project", {"place": str(code)})
    data = {"dev-url": "postgresql+psycopg2://me:hunter2hunter2@127.0.0.1:1/x", "prod-url": "ftp://x", "dev-password": "", "test": "1"}
    answer = client.post("/setup/databases", data)
    shown = answer.content.decode()
    assert answer.status_code == 422
    assert "hunter2hunter2" not in shown
    assert "Type the password again" in shown
    assert "127.0.0.1:1" in shown


def test_the_sample_brings_its_own_databases(client: Client, settings: LazySettings, admin: User) -> None:
    client.post("/setup/sample")
    assert {str(one.environment) for one in Database.objects.all()} == {"dev", "test", "prod"}
    assert {(job.database.environment.slug, job.command) for job in Job.objects.all()} == {("dev", "upgrade"), ("test", "upgrade")}
    assert (settings.DATA_DIR / "sample" / "prod.sqlite3").exists()
    assert client.post("/setup/sample").status_code == 409


def test_whoever_may_not_configure_is_told_who_may(viewer_client: Client, admin: User) -> None:
    shown = viewer_client.get("/").content.decode()
    assert "No projects yet" in shown
    assert admin.display_name in shown
    assert viewer_client.get("/setup/").status_code == 403


def test_a_first_sign_in_takes_the_browsers_zone(db: None) -> None:
    User.objects.create_user("nina", password="correct horse battery")
    client = Client()
    client.post("/sign-in", {"username": "nina", "password": "correct horse battery", "zone": "Europe/Oslo"})
    assert User.objects.get(username="nina").time_zone == "Europe/Oslo"
    assert "Times are told in Europe/Oslo" in client.get("/account/").content.decode()
    client.post("/sign-out")
    client.post("/sign-in", {"username": "nina", "password": "correct horse battery", "zone": "Asia/Tokyo"})
    assert User.objects.get(username="nina").time_zone == "Europe/Oslo"


def test_one_preference_is_changed_where_one_is(admin: User) -> None:
    client = signed_in(admin)
    answer = client.post("/account/", {"density": "compact", "next": "/jobs/?status=failed"})
    assert answer["Location"] == "/jobs/?status=failed"
    assert client.post("/account/", {"theme": "dark", "next": "//evil.example/"})["Location"] == "/account/"
    kept = User.objects.get(pk=admin.pk)
    assert (kept.density, kept.theme, kept.shortcuts) == ("compact", "dark", True)
    client.post("/account/", {"offers": "shortcuts"})
    shown = client.get("/account/").content.decode()
    assert 'data-density="compact" data-quiet' in shown
    assert client.post("/account/", {"theme": "neon"}).status_code == 422
