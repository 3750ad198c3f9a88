"""Two environments side by side by revision, on a real project."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from environments import services as environments
from environments.models import Database, Environment
from jobs import revision_sql
from jobs.models import Job
from migrations_store import services as store
from migrations_store.models import Project, RevisionSql
from tests.environments.conftest import write_version
from tests.jobs.conftest import table, write_revision

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., Job]
Add = Callable[..., Database]
AddEnvironment = Callable[..., Environment]


@pytest.fixture
def test(add_environment: AddEnvironment, add_database: Add, database: Database) -> Database:
    """A second database, in the environment after dev."""
    return add_database(add_environment("test", 2))


def page(client: Client, two: str) -> str:
    answer = client.get(f"/projects/shop/compare/{two}/")
    assert answer.status_code == 200
    return answer.content.decode()


def stands_at(database: Database, *revisions: str) -> None:
    write_version(Path(database.database), *revisions)
    environments.check_database_now(database)


def test_what_one_has_and_the_other_lacks(client: Client, test: Database, database: Database) -> None:
    stands_at(database, "three")
    stands_at(test, "one")
    shown = page(client, "dev...test")
    assert "makes two" in shown
    assert "makes three" in shown
    assert "makes one" not in shown
    assert "test has nothing that dev lacks." in shown
    assert "Promote 2 from dev to test" in shown
    assert "/projects/shop/promotions/new?from=dev&amp;to=test" in shown


def test_promotion_is_offered_from_the_earlier_to_the_later(client: Client, test: Database, database: Database) -> None:
    stands_at(database, "three")
    assert "Promote 3 from dev to test" in page(client, "test...dev")


def test_viewer_may_look_and_no_more(client: Client, viewer_client: Client, test: Database, database: Database) -> None:
    stands_at(database, "three")
    shown = page(viewer_client, "dev...test")
    assert "makes three" in shown
    assert "Promote 3" not in shown
    assert "Write the SQL" not in shown


def test_branches_that_both_went_their_way(client: Client, test: Database, database: Database, root: Path, project: Project) -> None:
    write_revision(root, "side", "two", *table("t_side"))
    store.take_snapshot(project, user=None)
    stands_at(database, "three")
    stands_at(test, "side")
    shown = page(client, "dev...test")
    assert "makes side" in shown
    assert "Both have everything up to" in shown
    assert ">two</a>" in shown
    assert "revision that only test has is not undone by it" in shown


def test_alike(client: Client, test: Database, database: Database) -> None:
    stands_at(database, "two")
    stands_at(test, "two")
    shown = page(client, "dev...test")
    assert "Compare dev with test</h1>" in shown
    assert shown.count("2 revisions") == 1, "said once"
    assert "Both have the same 2 revisions." in shown


def test_against_the_newest_code(client: Client, database: Database) -> None:
    stands_at(database, "one")
    shown = page(client, "head...dev")
    assert "Upgrade 2 on dev" in shown
    assert "makes three" in shown


def test_strange_and_empty_ones_are_explained(client: Client, test: Database, database: Database) -> None:
    stands_at(database, "elsewhere")
    assert "dev is at elsewhere, which the newest code does not contain" in page(client, "dev...test")
    assert "These two cannot be compared" in page(client, "dev...test")
    assert "in common" not in page(client, "dev...test"), "what is not known is not denied"
    assert "test has no revision yet" in page(client, "head...test")


def test_a_fleet_is_asked_which_one(client: Client, test: Database, add_database: Add) -> None:
    second = add_database(name="b")
    assert "An environment here has several databases" in page(client, "dev...head")
    assert "No difference" in page(client, "dev...test"), "the two without a name are a pair"
    assert "dev b" in page(client, f"{second.pk}...test")
    assert client.get("/projects/shop/compare/nowhere...test/").status_code == 404


def test_choosing_leads_to_the_comparison(client: Client, test: Database, database: Database) -> None:
    assert "Compare by revision" in client.get("/projects/shop/compare/").content.decode()
    stands_at(database, "two")
    stands_at(test, "one")
    shown = client.get("/projects/shop/compare/").content.decode()
    assert "only dev: 1" in shown
    assert "only test: 0" not in shown, "a side that has nothing of its own is left out"
    assert client.get("/projects/shop/compare/?from=dev&to=test")["Location"] == "/projects/shop/compare/dev...test/"


def test_sql_is_asked_for_shown_and_downloaded(client: Client, test: Database, database: Database) -> None:
    stands_at(database, "two")
    assert "Write the SQL of 2 revisions" in page(client, "dev...test")
    assert client.get("/projects/shop/compare/dev...test.sql").status_code == 404
    client.post("/projects/shop/compare/dev...test/sql/")
    assert "0 of 2 written" in page(client, "dev...test")
    assert client.get("/projects/shop/compare/dev...test/sql/?seen=0").status_code == 204
    first, second = RevisionSql.objects.order_by("pk")
    revision_sql.write(first.pk)
    assert "Download .sql" not in page(client, "dev...test"), "half of it would look like all of it"
    assert client.get("/projects/shop/compare/dev...test.sql").status_code == 404
    revision_sql.write(second.pk)
    assert "Download .sql" in page(client, "dev...test")
    text = client.get("/projects/shop/compare/dev...test.sql").content.decode()
    assert text.index("-- one") < text.index("CREATE TABLE t_one") < text.index("-- two") < text.index("CREATE TABLE t_two")


def test_the_number_of_queries_does_not_grow(
    client: Client, admin: User, project: Project, root: Path, test: Database, database: Database, django_assert_max_num_queries: Callable
) -> None:
    down = "three"
    for number in range(60):
        write_revision(root, f"r{number}", down, "pass")
        down = f"r{number}"
    store.take_snapshot(project, user=None)
    stands_at(database, down)
    with django_assert_max_num_queries(12):
        page(client, "dev...test")


def test_twin_in_the_api(client: Client, admin: User, test: Database, database: Database) -> None:
    from accounts.services import create_token

    stands_at(database, "three")
    stands_at(test, "one")
    headers = {"Authorization": f"Bearer {create_token(admin, by=admin, name='ci')[1]}"}
    told = client.get("/api/v1/projects/shop/compare?from=dev&to=test", headers=headers).json()
    assert [one["revision"] for one in told["only_in_from"]] == ["two", "three"]
    assert (told["only_in_to"], told["common"], told["possible"], told["equal"]) == ([], ["one"], True, False)
    assert told["from"]["name"] == "dev"
    assert client.get("/api/v1/projects/shop/compare?from=moon", headers=headers).status_code == 404
