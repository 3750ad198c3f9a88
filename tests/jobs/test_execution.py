"""One job from its claim to its verdict, on real projects and real databases."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from audit.models import AuditEntry
from environments import services as environments
from environments.models import Database, DatabaseState
from jobs import aftermath, execution, services
from jobs.models import Job, JobStatus, OutcomeState, StepStatus
from jobs.queries import log_lines
from jobs.supervisor import Exit
from migrations_store import services as store
from tests.jobs.conftest import table, write_revision

pytestmark = pytest.mark.django_db(transaction=True)
Run = Callable[..., Job]
REFLECTED = 'with op.batch_alter_table("shelves") as shelves: shelves.drop_column("depth")'


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(database.database) as connection:
        return connection.execute(query).fetchall()


def text_of(job: Job) -> str:
    return "\n".join(str(item[3]) for item in log_lines(job, 0, 10_000).items)


def test_an_upgrade_reaches_its_target(run: Run, database: Database) -> None:
    job = run(database, "upgrade")
    assert (job.status, job.database_state, job.heads_after, job.error) == (JobStatus.SUCCEEDED, OutcomeState.AT_TARGET, ["three"], None)
    assert rows(database, "SELECT version_num FROM alembic_version") == [("three",)]
    assert [(step.revision, step.status) for step in job.steps.all()] == [(id, StepStatus.SUCCEEDED) for id in ("one", "two", "three")]


def test_the_databases_state_follows_the_job(run: Run, database: Database) -> None:
    run(database, "upgrade")
    database.refresh_from_db()
    assert (database.state, database.current, database.pending) == (DatabaseState.UP_TO_DATE, ["three"], [])


def test_a_downgrade_runs_from_the_top_down(run: Run, database: Database) -> None:
    run(database, "upgrade")
    job = run(database, "downgrade", "one")
    assert [step.revision for step in job.steps.all()] == ["three", "two"]
    assert (job.status, job.heads_after) == (JobStatus.SUCCEEDED, ["one"])


def test_a_stamp_moves_the_version_alone(run: Run, database: Database) -> None:
    job = run(database, "stamp", "two")
    assert (job.status, job.heads_after) == (JobStatus.SUCCEEDED, ["two"])
    assert rows(database, "SELECT name FROM sqlite_master WHERE name LIKE 't_%'") == []


def test_a_stamp_frees_a_database_from_an_unknown_revision(run: Run, database: Database) -> None:
    run(database, "upgrade", "one")
    with sqlite3.connect(database.database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'gone'")
    from environments.services import check_database_now

    check_database_now(database)
    job = run(database, "stamp", "two")
    assert (job.status, job.heads_after) == (JobStatus.SUCCEEDED, ["two"])


def test_the_log_is_numbered_and_names_the_revisions(run: Run, database: Database) -> None:
    job = run(database, "upgrade", "one")
    page = log_lines(job, 0, 1000)
    assert [item[0] for item in page.items] == list(range(1, job.line_count + 1))
    assert page.finished
    assert "one" in text_of(job)
    assert "CREATE TABLE t_one" in text_of(job)


@pytest.mark.parametrize(("revision", "told"), [("one", "base to one, 1 step\n"), ("three", "base to three, 3 steps\n")])
def test_the_log_begins_with_the_way(run: Run, database: Database, revision: str, told: str) -> None:
    assert told in text_of(run(database, "upgrade", revision)) + "\n"


def test_the_log_is_read_in_pages(run: Run, database: Database) -> None:
    job = run(database, "upgrade", "one")
    first = log_lines(job, 0, 2)
    assert (len(first.items), first.next_after, first.finished) == (2, 2, False)
    assert log_lines(job, first.next_after, 1).items[0][0] == 3


def test_a_migration_that_raises_half_way_is_partial(run: Run, database: Database, root: Path) -> None:
    write_revision(root, "four", "three", table("half")[0] + '; raise RuntimeError("the cellar is full")')
    job = run(database, "upgrade")
    assert (job.status, job.database_state) == (JobStatus.FAILED, OutcomeState.PARTIAL)
    assert [step.revision for step in job.steps.filter(status=StepStatus.FAILED)] == ["four"]
    assert job.error
    assert job.error["title"]
    assert job.error["why"]
    assert "the cellar is full" in text_of(job) + str(job.error)


def test_a_migration_that_raises_before_it_changed_anything_leaves_the_database_unchanged(run: Run, database: Database, root: Path) -> None:
    run(database, "upgrade")
    write_revision(root, "four", "three", 'raise RuntimeError("no")')
    job = run(database, "upgrade")
    assert (job.status, job.database_state, job.heads_after) == (JobStatus.FAILED, OutcomeState.UNCHANGED, ["three"])


def test_rows_that_a_revision_committed_are_not_said_to_be_as_before(run: Run, database: Database, root: Path) -> None:
    """Version and schema are compared, rows are not."""
    run(database, "upgrade")
    write_revision(root, "four", "three", "op.execute('INSERT INTO t_one VALUES (1)'); op.get_bind().commit(); raise RuntimeError('no')")
    job = run(database, "upgrade")
    assert (job.status, job.database_state, rows(database, "SELECT id FROM t_one")) == (JobStatus.FAILED, OutcomeState.UNCHANGED, [(1,)])
    assert job.error["why"].endswith("as they were before; rows that a revision committed by itself are not looked at.")


@pytest.mark.parametrize("up", ["raise SystemExit(0)", "os._exit(0)"])
def test_a_migration_that_leaves_with_status_zero_has_failed(run: Run, database: Database, root: Path, up: str) -> None:
    write_revision(root, "four", "three", up)
    job = run(database, "upgrade")
    assert job.status == JobStatus.FAILED
    assert job.error
    assert job.error["why"]


def test_code_that_changed_after_the_plan_is_not_run(admin: User, database: Database, root: Path) -> None:
    job = services.request_job(database, user=admin, command="upgrade", revision="head")
    write_revision(root, "two", "one", *table("t_other"))
    execution.execute(job.pk)
    job.refresh_from_db()
    assert (job.status, job.database_state) == (JobStatus.FAILED, OutcomeState.UNCHANGED)
    assert job.error
    assert job.error["code"] == "plan_changed"
    assert rows(database, "SELECT name FROM sqlite_master") == []


def test_a_job_whose_work_is_done_already_succeeds_without_steps(admin: User, run: Run, database: Database) -> None:
    waiting = services.request_job(database, user=admin, command="upgrade", revision="head")
    first = services.request_job(database, user=admin, command="upgrade", revision="head")
    Job.objects.filter(pk=first.pk).update(status=JobStatus.CANCELED)
    with sqlite3.connect(database.database) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute("INSERT INTO alembic_version VALUES ('three')")
    execution.execute(waiting.pk)
    waiting.refresh_from_db()
    assert (waiting.status, list(waiting.steps.all())) == (JobStatus.SUCCEEDED, [])


def test_a_database_that_moved_elsewhere_refuses_the_plan(admin: User, database: Database) -> None:
    job = services.request_job(database, user=admin, command="upgrade", revision="head")
    with sqlite3.connect(database.database) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32))")
        connection.execute("INSERT INTO alembic_version VALUES ('one')")
    execution.execute(job.pk)
    job.refresh_from_db()
    assert job.status == JobStatus.FAILED
    assert job.error
    assert job.error["code"] == "plan_changed"


def test_a_missing_file_is_created_only_where_the_profile_says_so(admin: User, run: Run, database: Database) -> None:
    Path(database.database).unlink()
    assert run(database, "upgrade").status == JobStatus.FAILED
    assert not Path(database.database).exists()
    Database.objects.update(create_if_missing=True)
    assert run(database, "upgrade").status == JobStatus.SUCCEEDED


def test_a_new_file_with_nothing_but_an_empty_version_table_is_unchanged(run: Run, database: Database, root: Path) -> None:
    Path(database.database).unlink()
    Database.objects.update(create_if_missing=True)
    write_revision(root, "one", None, 'op.add_column("shelves", sa.Column("depth", sa.Integer))')
    job = run(database, "upgrade")
    assert (job.status, job.database_state, job.heads_after) == (JobStatus.FAILED, OutcomeState.UNCHANGED, [])
    assert rows(database, "SELECT name FROM sqlite_master WHERE type = 'table'") == [("alembic_version",)]
    assert job.error
    assert job.error["code"] == "needs_tables"


@pytest.mark.parametrize("up", ['op.execute("DELETE FROM shelves")', REFLECTED], ids=["asked", "reflected"])
def test_a_history_whose_first_revision_is_empty_expects_tables_in_the_second(run: Run, database: Database, root: Path, up: str) -> None:
    write_revision(root, "one", None, "pass")
    write_revision(root, "two", "one", up)
    job = run(database, "upgrade")
    assert job.error
    assert job.error["code"] == "needs_tables"
    assert "shelves" in job.error["why"]


def test_a_table_that_a_revision_before_should_have_made_is_another_cause(run: Run, database: Database, root: Path) -> None:
    write_revision(root, "two", "one", REFLECTED)
    job = run(database, "upgrade")
    assert job.error
    assert job.error["code"] == "AM-304"
    assert job.error["why"].startswith('The table "shelves" does not exist (migrations/versions/two.py, line ')


def test_a_new_file_in_which_a_table_stayed_is_partial(run: Run, database: Database, root: Path) -> None:
    Path(database.database).unlink()
    Database.objects.update(create_if_missing=True)
    write_revision(root, "one", None, 'op.create_table("shelves", sa.Column("id", sa.Integer)); raise ValueError("no room")')
    assert run(database, "upgrade").database_state == OutcomeState.PARTIAL


def test_a_second_ring_does_nothing(run: Run, database: Database) -> None:
    job = run(database, "upgrade")
    execution.execute(job.pk)
    assert Job.objects.get(pk=job.pk).fence == 1


def test_jobs_of_one_database_take_their_turn(admin: User, database: Database) -> None:
    first, second = (services.request_job(database, user=admin, command="upgrade", revision="head") for _ in range(2))
    assert execution.claim(second.pk) is None
    assert execution.claim(first.pk) is not None
    assert execution.claim(second.pk) is None


def test_a_finished_job_has_one_entry_for_each_change(run: Run, database: Database) -> None:
    job = run(database, "upgrade")
    actions = AuditEntry.objects.filter(object=f"job {job.pk}").values_list("action", flat=True)
    assert list(actions) == ["job.request", "job.start", "job.finish"]


def test_a_check_without_models_ends_with_a_sentence(run: Run, database: Database) -> None:
    run(database, "upgrade")
    job = run(database, "check", None)
    assert job.status == JobStatus.FAILED
    assert job.error
    assert "target_metadata" in str(job.error)


def test_a_worker_that_was_given_up_cannot_write(run: Run, admin: User, database: Database) -> None:
    from jobs.recorder import Recorder

    job = services.request_job(database, user=admin, command="upgrade", revision="head")
    claimed = execution.claim(job.pk)
    assert claimed
    Job.objects.filter(pk=job.pk).update(fence=2)
    recorder = Recorder(claimed)
    assert not recorder.write_now(status=JobStatus.SUCCEEDED, finished_at=timezone.now())
    assert recorder.lost


def test_a_job_whose_settings_were_changed_meanwhile_runs_nothing(admin: User, database: Database) -> None:
    job = services.request_job(database, user=admin, command="upgrade", revision="head")
    store.update_project(database.project, user=admin, fields={"env_vars": {"STAGE": "{environment}"}})
    execution.execute(job.pk)
    job.refresh_from_db()
    assert (job.status, job.database_state, (job.error or {})["code"]) == (JobStatus.FAILED, OutcomeState.UNCHANGED, "plan_changed")
    assert rows(database, "SELECT name FROM sqlite_master") == []


def test_a_job_whose_database_was_led_elsewhere_runs_nothing(admin: User, database: Database, tmp_path: Path) -> None:
    job = services.request_job(database, user=admin, command="upgrade", revision="head")
    (tmp_path / "other.db").touch()
    environments.update_database(database, user=admin, fields={"url": f"sqlite:///{tmp_path / 'other.db'}"})
    execution.execute(job.pk)
    job.refresh_from_db()
    assert (job.error or {})["code"] == "plan_changed"
    assert rows(database, "SELECT name FROM sqlite_master") == []


def keep_version_in(root: Path, name: str) -> None:
    env = root / "migrations" / "env.py"
    env.write_text(env.read_text().replace("target_metadata=None", f"target_metadata=None, version_table={name!r}"))


def test_a_version_that_env_keeps_in_another_table_is_named(admin: User, run: Run, database: Database, root: Path) -> None:
    """Before anything is run: the version would move where nobody reads it."""
    keep_version_in(root, "shop_version")
    job = run(database, "upgrade")
    assert (job.status, job.database_state, job.error["code"]) == (JobStatus.FAILED, OutcomeState.UNCHANGED, "version_elsewhere")
    assert "env.py keeps the version in shop_version, and the settings of this database name alembic_version." in job.error["why"]
    assert "the version table in the database's settings" in job.error["next"][0]
    environments.update_database(database, user=admin, fields={"version_table": "shop_version"})
    environments.check_database_now(database)
    assert run(database, "upgrade").heads_after == ["three"]


def test_a_version_that_env_keeps_in_other_schemas_is_told_afterwards(database: Database) -> None:
    """It may work in several, one after the other."""
    database.version_table_schema = "berlin"
    ended = Exit(0, closed=True)
    found = aftermath.version_elsewhere(None, ended, database, [("oslo", "alembic_version"), ("rome", "alembic_version")])
    assert found
    assert found["code"] == "version_elsewhere"
    assert "in rome.alembic_version, and the settings of this database name berlin.alembic_version" in found["message"]
    assert aftermath.version_elsewhere(None, ended, database, [("oslo", "alembic_version"), ("berlin", "alembic_version")]) is None


FORGED = """\
import gc
for found in gc.get_objects():
    if type(found).__name__ == "Events" and hasattr(found, "emit"):
        found.emit("locked", waited_ms="long")
        found.emit("context", version_table=7, heads=[1, {}])
        found.emit("step_started", position=10**30, revision="one")
        found.emit("step_finished", position=-1, revision="one", duration_ms=1)
"""


def test_reports_that_make_no_sense_do_not_break_our_side(run: Run, database: Database, root: Path) -> None:
    (root / "migrations" / "versions" / "three.py").write_text((root / "migrations" / "versions" / "three.py").read_text() + FORGED)
    job = run(database, "upgrade")
    assert (job.status, job.database_state, job.error) == (JobStatus.SUCCEEDED, OutcomeState.AT_TARGET, None)
