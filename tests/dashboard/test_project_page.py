"""The history page, on real projects."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from environments.models import Database, Environment
from jobs.models import Job
from migrations_store import services as store
from migrations_store.models import Project
from tests.jobs.conftest import grow, table, write_revision

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., Job]
Add = Callable[..., Database]


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"/projects/shop/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_history_shows_every_revision_and_its_place(client: Client, run: Run, database: Database) -> None:
    run(database, "upgrade", "two")
    shown = page(client)
    assert all(f"makes {name}" in shown for name in ("one", "two", "three"))
    assert "Current on dev" in shown
    assert "Above: 1 pending on dev" in shown
    assert "Head, Not applied anywhere" in shown


def test_promotion_is_the_one_solid_button(
    client: Client, run: Run, database: Database, add_environment: Callable[..., Environment], add_database: Add
) -> None:
    run(database, "upgrade", "head")
    add_database(add_environment("test", 2))
    shown = page(client)
    assert shown.partition("</main>")[0].count("btn primary") == 1
    assert "Promote 3 from dev" in shown


def test_a_viewer_gets_no_buttons_that_change_anything(viewer_client: Client, project: Project, database: Database) -> None:
    shown = page(viewer_client)
    assert "btn primary" not in shown.partition("</main>")[0]
    assert "Read code again" not in shown


def test_two_heads_are_explained(client: Client, project: Project, root: Path) -> None:
    write_revision(root, "other", "two", *table("t_other"))
    store.take_snapshot(project, user=None)
    shown = page(client)
    assert "2 heads" in shown
    assert "cannot choose between them" in shown


def test_faults_stand_beside_what_can_be_drawn(client: Client, project: Project, root: Path) -> None:
    write_revision(root, "lost", "gone", *table("t_lost"))
    store.take_snapshot(project, user=None)
    shown = page(client)
    assert "The history has faults" in shown
    assert "versions/lost.py" in shown
    assert "makes three" in shown


def test_no_revisions_cannot_be_missed(client: Client, project: Project, root: Path) -> None:
    for file in (root / "migrations" / "versions").glob("*.py"):
        file.unlink()
    store.take_snapshot(project, user=None)
    assert "0 revisions" in page(client)


def test_search_covers_revisions_that_are_not_shown(client: Client, project: Project, root: Path) -> None:
    grow(root, 150)
    store.take_snapshot(project, user=None)
    assert "makes r003" not in page(client)
    assert "makes r003" in page(client, "?q=r003")
    assert "No revision matches" in page(client, "?q=nonsense")


def test_a_long_run_is_folded_and_can_be_shown(client: Client, project: Project, root: Path) -> None:
    grow(root, 150)
    store.take_snapshot(project, user=None)
    assert "revisions in a straight line" in page(client)
    shown = page(client, "?runs=show")
    assert "revisions in a straight line" not in shown
    assert shown.count('id="r-') == 60
    assert "Load more" in shown


def test_loading_more_answers_with_rows_alone(client: Client, project: Project, root: Path) -> None:
    grow(root, 150)
    store.take_snapshot(project, user=None)
    answer = client.get("/projects/shop/?runs=show&after=r100&part=rows", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in answer
    assert 'id="r-r099"' in answer
    assert 'id="r-r100"' not in answer


def test_jumping_to_a_revision_shows_and_marks_it(client: Client, project: Project, root: Path) -> None:
    grow(root, 400)
    store.take_snapshot(project, user=None)
    shown = page(client, "?at=r200")
    assert '<tr id="r-r200" class="sel">' in shown


def test_reading_the_code_again_finds_new_revisions(client: Client, project: Project, root: Path) -> None:
    write_revision(root, "four", "three", *table("t_four"))
    answer = client.post("/projects/shop/snapshots/", follow=True)
    assert answer.redirect_chain
    assert "makes four" in answer.content.decode()


def test_version_locations_are_set_in_the_form(client: Client, project: Project, root: Path) -> None:
    """The configuration names one folder; the project is said to have two."""
    (root / "migrations" / "more").mkdir()
    write_revision(root, "four", "three", *table("t_four"))
    (root / "migrations" / "versions" / "four.py").rename(root / "migrations" / "more" / "four.py")
    fields = {"slug": "shop", "name": "Shop", "kind": "directory", "path": str(root)}
    folders = "migrations/versions\r\nmigrations/more\r\n"
    assert client.post("/projects/shop/edit", fields | {"version_locations": folders}).status_code == 302
    project.refresh_from_db()
    assert project.version_locations == ["migrations/versions", "migrations/more"]
    assert ">migrations/versions\nmigrations/more<" in client.get("/projects/shop/edit").content.decode().replace(">\n", ">")
    client.post("/projects/shop/snapshots/")
    assert "makes four" in page(client)


def test_the_number_of_queries_does_not_grow(
    client: Client,
    project: Project,
    add_database: Add,
    add_environment: Callable[..., Environment],
    django_assert_max_num_queries: Callable,
) -> None:
    for place in range(2, 8):
        add_database(add_environment(f"e{place}", place))
    page(client)
    for tab in ("history", "databases", "jobs"):
        with django_assert_max_num_queries(17):
            page(client, f"?tab={tab}")
