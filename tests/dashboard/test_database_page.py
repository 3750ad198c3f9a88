"""The page of one database, in each of its states."""

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from environments import services as environments
from environments.models import Database
from jobs.models import Job
from migrations_store import risks
from migrations_store import services as store
from tests.jobs.conftest import write_revision

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., Job]


def page(client: Client, database: Database) -> str:
    answer = client.get(f"/databases/{database.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def write_rows(database: Database, *rows: str) -> None:
    """Version rows as a stranger would write them."""
    with sqlite3.connect(database.database) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32))")
        connection.execute("DELETE FROM alembic_version")
        connection.executemany("INSERT INTO alembic_version VALUES (?)", [(row,) for row in rows])
    connection.close()
    environments.check_database_now(database)


def test_now_and_next(client: Client, run: Run, database: Database) -> None:
    job = run(database, "upgrade", "one")
    shown = page(client, database)
    assert "2 revisions behind the code" in shown
    assert "makes three" in shown
    assert f'<a href="/jobs/{job.pk}/">{job.pk}</a>' in shown
    assert shown.partition("</main>")[0].count("btn primary") == 1


def test_what_is_pending_is_listed_with_its_risk(client: Client, root: Path, database: Database) -> None:
    write_revision(root, "four", "three", 'op.drop_table("t_three")', "raise NotImplementedError")
    store.take_snapshot(database.project, user=None)
    risks.judge_all(database.project.latest_snapshot)
    environments.check_database_now(database)
    rows = re.findall(r"<tr><td><a class=\"rev\".*?</tr>", page(client, database), re.DOTALL)
    assert [re.findall(r">(\w+)</a>", row)[0] for row in rows] == ["four", "three", "two", "one"]
    assert ["Data loss" in row for row in rows] == [True, False, False, False]
    assert "downgrade refuses" in rows[0]


def test_an_unknown_revision_is_explained(client: Client, database: Database) -> None:
    write_rows(database, "deadbeef")
    shown = page(client, database)
    assert "It is at deadbeef, which this code does not contain" in shown
    assert "The version table says deadbeef" in shown


def test_overlapping_rows_are_explained(client: Client, database: Database) -> None:
    write_rows(database, "one", "two")
    assert "rows that contain each other" in page(client, database)


def test_a_database_without_version_table_is_explained(client: Client, database: Database) -> None:
    assert "It is not under Alembic yet" in page(client, database)


def test_a_file_that_the_first_job_makes_can_be_upgraded_from_the_page(client: Client, database: Database) -> None:
    Path(database.database).unlink()
    Database.objects.update(create_if_missing=True, server="")
    environments.check_database_now(database)
    shown = page(client, database)
    assert "Its file is not there yet" in shown
    assert f"/databases/{database.pk}/plans/new?command=upgrade" in shown
    assert "Its file is not there yet" in client.get("/").content.decode()


def test_a_file_that_is_gone_is_a_fault_even_if_a_job_could_make_one(client: Client, run: Run, database: Database) -> None:
    run(database, "upgrade")
    Path(database.database).unlink()
    Database.objects.update(create_if_missing=True)
    environments.check_database_now(database)
    assert "It did not answer" in page(client, database)


def test_an_unreachable_database_names_the_cause(client: Client, database: Database) -> None:
    Path(database.database).unlink()
    environments.check_database_now(database)
    database.refresh_from_db()
    shown = page(client, database)
    assert "It did not answer" in shown
    assert database.error[:30] in shown


def test_check_now_comes_back_to_the_page(client: Client, database: Database) -> None:
    answer = client.post(f"/databases/{database.pk}/checks/")
    assert answer.status_code == 302
    assert answer["Location"] == f"/databases/{database.pk}/"


def test_a_viewer_sees_but_cannot_act(viewer_client: Client, database: Database) -> None:
    shown = page(viewer_client, database)
    assert "Stamp…" not in shown
    assert "btn primary" not in shown.partition("</main>")[0]


def test_no_page_shows_a_password(client: Client, add_database: Callable[..., Database]) -> None:
    database = add_database(name="pg", url="postgresql+psycopg2://deploy:s3cret-word@127.0.0.1:1/shop")
    shown = page(client, database)
    assert "s3cret-word" not in shown
    assert "deploy:***@" in shown


@pytest.mark.parametrize("id", ["0", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_what_is_not_there_is_not_found(client: Client, id: str) -> None:
    assert client.get(f"/databases/{id}/").status_code == 404
