"""The page of one revision."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from environments.models import Database, Policy
from environments.services import check_database_now
from jobs import plans, revision_sql
from jobs.models import Job
from migrations_store import graph as graphs
from migrations_store import services as store
from migrations_store.models import Project, RevisionSql
from tests.environments.conftest import write_version
from tests.jobs.conftest import table, write_revision

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


def test_sql_is_asked_for_waited_for_and_shown(client: Client, viewer_client: Client, project: Project) -> None:
    address = "/projects/shop/revisions/two/"
    assert "Write the SQL" in client.get(address).content.decode()
    assert "Write the SQL" not in viewer_client.get(address).content.decode()
    assert client.get(f"{address}sql.txt").status_code == 404
    asked = client.post(f"{address}sql/", headers={"HX-Request": "true"}).content.decode()
    assert "SQL is being written" in asked
    assert 'hx-trigger="every 1s"' in asked
    assert client.get(f"{address}sql/?seen=asked").status_code == 204
    revision_sql.write(RevisionSql.objects.get().pk)
    shown = viewer_client.get(f"{address}sql/?seen=asked&dialect=mysql&way=downgrade").content.decode()
    assert "every 1s" not in shown
    assert 'aria-label="SQL, mysql, downgrade"' in shown
    text = client.get(f"{address}sql.txt?dialect=postgresql&way=upgrade")
    assert (text["Content-Type"], b"CREATE TABLE t_two" in text.content) == ("text/plain; charset=utf-8", True)


def test_sql_that_cannot_be_had_says_why(client: Client, project: Project, root: Path, admin: User) -> None:
    write_revision(root, "four", "three", 'op.get_bind().execute("SELECT 1").scalar()')
    graph = graphs.load(store.take_snapshot(project))
    revision_sql.write(revision_sql.ask(project, graph.revisions["four"], user=admin).pk)
    shown = client.get("/projects/shop/revisions/four/").content.decode()
    assert "Not available, because the revision looks at the database while it runs" in shown
    assert b"-- Not available" in client.get("/projects/shop/revisions/four/sql.txt").content


def test_objects_losses_and_findings_lead_to_their_lines(client: Client, project: Project, root: Path) -> None:
    write_revision(root, "four", "three", 'op.drop_column("t_three", "fax")', undo='op.add_column("t_three", sa.Column("fax", sa.Text))')
    store.take_snapshot(project)
    shown = client.get("/projects/shop/revisions/four/").content.decode()
    for text in ("Data loss", "Structure only", 'href="#L11"', '<h3 class="t">Drops column t_three.fax.</h3>'):
        assert text in shown, text
    assert shown.index('id="L11"') < shown.index('<h3 class="t">Drops column t_three.fax.</h3>') < shown.index('id="L12"')


def test_a_policy_that_refuses_a_finding_is_named(client: Client, run: Run, database: Database, root: Path) -> None:
    write_revision(root, "four", "three", 'op.drop_column("t_three", "fax")')
    store.take_snapshot(database.project)
    Policy.objects.create(environment=database.environment, severities={"AD102": "block"})
    assert "blocks in dev" in client.get("/projects/shop/revisions/four/").content.decode()


def test_a_file_that_was_edited_since_is_shown_with_what_was_changed(client: Client, run: Run, database: Database, root: Path) -> None:
    job = run(database, "upgrade", "two")
    store.take_snapshot(database.project)
    write_revision(root, "two", "one", *table("t_zwei"), message="<b>makes</b> two")
    store.take_snapshot(database.project)
    database_page = client.get(f"/databases/{database.pk}/").content.decode()
    assert "1 applied revision was edited after it ran here" in database_page
    shown = client.get("/projects/shop/revisions/two/").content.decode()
    assert "Edited after it was applied" in shown
    assert f"job {job.pk}" in shown
    assert '<li class="add"><code>+&quot;&quot;&quot;&lt;b&gt;makes' in shown
    assert "edited since" in shown
    database.refresh_from_db()
    plan = plans.make_plan(database, user=job.requested_by, command="upgrade", revision="head")
    assert "edited after it ran here (two)" in client.get(f"/plans/{plan.pk}/").content.decode()


def test_what_no_job_did_is_found_there(client: Client, database: Database) -> None:
    write_version(Path(database.database), "one")
    check_database_now(database)
    assert "found there, not by a job" in client.get("/projects/shop/revisions/one/").content.decode()


def test_the_page_asks_as_much_for_many_databases_as_for_one(client: Client, run: Run, add_database: Callable[..., Database]) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/projects/shop/revisions/two/").status_code == 200
        return len(queries)

    run(add_database(), "upgrade", "two")
    asked()
    once = asked()
    for name in ("a", "b", "c"):
        run(add_database(name=name), "upgrade", "two")
    assert asked() == once
