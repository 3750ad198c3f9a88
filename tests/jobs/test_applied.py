"""Where a revision is applied, since when, by which job; and files that were edited since."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import User
from environments.models import Database
from environments.services import check_database_now
from jobs import applied, plans
from jobs.applied import Applied
from jobs.models import Job
from migrations_store import graph as graphs
from migrations_store import services as store
from tests.environments.conftest import write_version
from tests.jobs.conftest import table, write_revision

pytestmark = pytest.mark.django_db(transaction=True)


def of(database: Database, revision: str) -> Applied:
    check_database_now(database)
    database.refresh_from_db()
    graph = graphs.load(store.take_snapshot(database.project))
    (found,) = applied.of_revision([database], graph, graph.revisions[revision])
    return found


def test_what_a_job_ran_says_when_and_by_whom(database: Database, run: Callable[..., Job]) -> None:
    job = run(database, "upgrade", "two")
    found = of(database, "two")
    assert (found.here, found.outside, found.is_same, found.job) == (True, False, True, job)
    assert found.at is not None
    assert job.started_at is not None
    assert job.started_at <= found.at <= job.finished_at  # type: ignore[operator]
    assert found.seconds is not None
    assert (of(database, "three").here, of(database, "three").job) == (False, None)


def test_what_was_taken_back_is_not_applied(database: Database, run: Callable[..., Job]) -> None:
    run(database, "upgrade", "two")
    run(database, "downgrade", "one")
    assert (of(database, "two").here, of(database, "two").outside) == (False, False)


def test_what_no_job_did_is_found_there(database: Database, run: Callable[..., Job]) -> None:
    write_version(Path(database.database), "two")
    assert (of(database, "one").outside, of(database, "one").job) == (True, None)


def test_what_a_failed_job_had_undone_again_is_not_its_doing(root: Path, database: Database, run: Callable[..., Job]) -> None:
    job = run(database, "upgrade", "one")
    Job.objects.filter(pk=job.pk).update(database_state="unchanged")
    assert of(database, "one").outside


def test_a_stamp_ran_nothing(database: Database, run: Callable[..., Job]) -> None:
    job = run(database, "stamp", "two")
    found = of(database, "two")
    assert (found.here, found.job, found.is_same, found.seconds, found.edited) == (True, job, False, None, "")


def test_an_edited_file_is_told_at_the_revision_the_database_and_its_plans(
    root: Path, database: Database, admin: User, run: Callable[..., Job]
) -> None:
    job = run(database, "upgrade", "two")
    write_revision(root, "two", "one", table("t_two")[0], undo='op.drop_table("t_other")')
    assert of(database, "two").edited
    assert not of(database, "one").edited
    graph = graphs.load(store.take_snapshot(database.project))
    assert [(one.revision, one.job) for one in applied.edited(database, graph)] == [("two", job.pk)]
    up = plans.make_plan(database, user=admin, command="upgrade", revision="head")
    assert up.warnings == [
        "1 applied revision was edited after it ran here (two): what this database has may not be what the file says now."
    ]
    down = plans.make_plan(database, user=admin, command="downgrade", revision="one")
    assert down.warnings == [f"two was edited after job {job.pk} ran it here: what its downgrade undoes may not be what was done."]


def test_edited_files_of_a_database_are_one_question(
    database: Database, run: Callable[..., Job], django_assert_num_queries: Callable[..., object]
) -> None:
    run(database, "upgrade")
    graph = graphs.load(store.take_snapshot(database.project))
    with django_assert_num_queries(1):  # type: ignore[attr-defined]
        assert applied.edited(database, graph) == []
