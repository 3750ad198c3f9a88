"""The page of one revision."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from environments.models import Database
from jobs.models import Job
from migrations_store import services as store
from migrations_store.models import Project
from tests.jobs.conftest import write_revision

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., Job]


def test_source_place_and_state_are_shown(client: Client, run: Run, database: Database) -> None:
    job = run(database, "upgrade", "two")
    shown = client.get("/projects/shop/revisions/two/").content.decode()
    assert 'id="L5"' in shown
    assert '<span class="kn">from</span>' in shown
    assert "/projects/shop/revisions/one/" in shown
    assert f"Job {job.pk}" in shown
    assert "Applied" in shown


def test_a_pending_revision_says_its_turn(client: Client, run: Run, database: Database) -> None:
    run(database, "upgrade", "one")
    shown = client.get("/projects/shop/revisions/three/").content.decode()
    assert "2 of 2 pending" in shown
    assert "Upgrade dev to here" in shown


def test_source_is_shown_as_text(client: Client, project: Project, root: Path) -> None:
    write_revision(root, "four", "three", "pass", message="<script>alert(1)</script>")
    store.take_snapshot(project, user=None)
    assert "<script>alert" not in client.get("/projects/shop/revisions/four/").content.decode()


@pytest.mark.parametrize(("undo", "words"), [("pass", "Downgrade does nothing"), ("raise NotImplementedError", "Downgrade refuses")])
def test_the_downgrade_is_judged(client: Client, project: Project, root: Path, undo: str, words: str) -> None:
    write_revision(root, "four", "three", "op.execute('select 1')", undo)
    store.take_snapshot(project, user=None)
    assert words in client.get("/projects/shop/revisions/four/").content.decode()


def test_a_unique_beginning_of_an_id_is_enough(client: Client, project: Project) -> None:
    assert "makes three" in client.get("/projects/shop/revisions/thr/").content.decode()


def test_an_unknown_revision_is_not_found(client: Client, project: Project) -> None:
    assert client.get("/projects/shop/revisions/nonsense/").status_code == 404
