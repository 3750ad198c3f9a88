"""A version table that moved without a job is said once; what a job of ours does is not."""

from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection

from audit.errors import NotRecorded
from audit.models import AuditEntry
from environments import readings, services, version_table
from environments.models import Database
from environments.watcher import Seen
from jobs import execution, reaper
from jobs import services as jobs
from jobs.models import Job, JobStatus
from notices.models import Notice
from tests.environments.conftest import write_version
from tests.jobs.conftest import write_revision

pytestmark = pytest.mark.django_db


def told() -> list[tuple[list[str], list[str]]]:
    """From where to where, of every entry of the watcher."""
    found = AuditEntry.objects.filter(action="database.moved_outside").order_by("seq")
    return [(entry.detail["from"], entry.detail["to"]) for entry in found]


def move(database: Database, *heads: str) -> None:
    """By hand, behind the dashboard's back."""
    write_version(Path(database.database), *heads)


def look(database: Database, seen: Seen = Seen.IN_PASSING) -> None:
    readings.apply_reading(database, version_table.read(database), seen)


def test_first_reading_says_nothing(database: Database) -> None:
    assert told() == []
    assert database.expected == []


def test_movement_by_hand_is_said_once_with_both_readings(database: Database) -> None:
    before = database.checked_at
    move(database, "one")
    look(database)
    look(database)
    assert told() == [([], ["one"])]
    entry = AuditEntry.objects.get(action="database.moved_outside")
    database.refresh_from_db()
    first, second = entry.detail["between"]
    assert datetime.fromisoformat(first) == before
    assert datetime.fromisoformat(second) > before
    assert (entry.actor, entry.object) == ("watcher", "database shop/dev")
    assert database.moved_outside == {"from": [], "to": ["one"], "between": [first, second]}


def test_way_back_is_a_movement_too(database: Database) -> None:
    move(database, "one")
    look(database)
    move(database)
    look(database)
    assert told() == [([], ["one"]), (["one"], [])]


def test_silence_of_the_database_in_between_changes_nothing(database: Database) -> None:
    path = Path(database.database)
    path.rename(path.with_suffix(".away"))
    readings.check_database_now(database)
    path.with_suffix(".away").rename(path)
    look(database)
    assert told() == []
    path.rename(path.with_suffix(".away"))
    readings.check_database_now(database)
    path.with_suffix(".away").rename(path)
    move(database, "two")
    look(database)
    assert told() == [([], ["two"])]


@pytest.mark.parametrize("command", ["upgrade", "stamp"])
def test_what_a_job_does_is_not_said_and_ends_the_note(database: Database, run, command: str) -> None:
    move(database, "one")
    look(database)
    assert Database.objects.get().moved_outside
    job = run(database, command, "three" if command == "stamp" else "one")
    assert job.status == JobStatus.SUCCEEDED
    look(database)
    assert told() == [([], ["one"])]
    assert bool(Database.objects.get().moved_outside) is (command == "upgrade")  # there was nothing for the upgrade to do


def test_failed_job_is_not_an_outsider(database: Database, run, root: Path) -> None:
    write_revision(root, "two", "one", 'raise RuntimeError("no")')
    job = run(database, "upgrade", "two")
    assert job.status == JobStatus.FAILED
    look(database)
    assert told() == []


def test_job_that_moved_the_version_before_it_found_another_start_is_not_an_outsider(database: Database, run, root: Path) -> None:
    """Its env.py goes through several schemas, and the second stands elsewhere."""
    env = root / "migrations" / "env.py"
    again = "{0}context.execute(\"UPDATE alembic_version SET version_num = 'one'\"){0}context.run_migrations()".format("\n" + 12 * " ")
    env.write_text(env.read_text() + again)
    job = run(database, "upgrade", "two")
    assert (job.status, job.heads_after) == (JobStatus.FAILED, ["two"])
    look(database)
    assert told() == []


def test_reading_while_a_job_holds_says_nothing(database: Database, admin) -> None:
    job = jobs.request_job(database, user=admin, command="upgrade", revision="one")
    assert execution.claim(job.pk)
    move(database, "one")
    look(database)
    assert told() == []
    Job.objects.filter(pk=job.pk).update(status=JobStatus.UNKNOWN)
    look(database)
    assert told() == []


def test_what_a_held_reading_saw_is_said_when_the_job_did_not_do_it(database: Database, admin) -> None:
    """Moved by hand after the plan was made; somebody looks while the job holds the database already, then the job itself looks."""
    job = jobs.request_job(database, user=admin, command="upgrade", revision="two")
    move(database, "one")
    claimed = execution.claim(job.pk)
    look(database)
    assert told() == []
    execution.Execution(claimed).run()
    job.refresh_from_db()
    assert (job.status, job.error["code"]) == (JobStatus.FAILED, "plan_changed")
    assert told() == [([], ["one"])]
    assert Database.objects.get().moved_outside


def test_job_whose_worker_vanished_is_not_an_outsider(database: Database, admin) -> None:
    job = jobs.request_job(database, user=admin, command="upgrade", revision="one")
    execution.claim(job.pk)
    move(database, "one")
    reaper.take_over(job.pk, "The worker vanished.")
    look(database)
    assert Job.objects.get().is_final
    assert told() == []


def test_reading_from_before_a_job_that_comes_late_says_nothing(database: Database, run) -> None:
    """Asked before the job's end, written after it: the job's own reading is newer."""
    early = version_table.read(database)
    run(database, "upgrade", "one")
    readings.apply_reading(database, early)
    look(database)
    assert told() == []


def test_job_of_another_profile_of_the_same_database_is_ours(database: Database, add_database, run) -> None:
    twin = add_database(name="twin", url=f"sqlite:///{database.database}")
    run(database, "upgrade", "one")
    look(twin)
    assert told() == []
    move(twin, "two")
    look(twin)
    assert told() == [(["one"], ["two"])]


def test_profile_that_leads_elsewhere_begins_anew(database: Database, admin, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    other.touch()
    write_version(other, "three")
    services.update_database(database, user=admin, fields={"url": f"sqlite:///{other}"})
    look(Database.objects.get())
    assert told() == []


def test_entry_and_reading_are_kept_together(database: Database) -> None:
    """The store refuses the entry: then the reading is not kept either, and the next one says it."""
    move(database, "one")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TRIGGER full BEFORE INSERT ON audit_auditentry BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(NotRecorded):
        look(database)
    assert Database.objects.get().current == []
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER full")
    look(database)
    assert told() == [([], ["one"])]


def test_people_who_run_jobs_there_are_told(database: Database, admin) -> None:
    move(database, "one")
    look(database)
    notice = Notice.objects.get(kind="moved_outside")
    assert (notice.user, notice.url) == (admin, f"/databases/{database.pk}/")
    assert notice.text == "shop/dev was moved from base to one outside the dashboard."


def test_page_says_it_until_the_next_job(client, database: Database, admin, run) -> None:
    client.force_login(admin)
    move(database, "one")
    look(database)
    assert "Changed outside the dashboard" in client.get(f"/databases/{database.pk}/").content.decode()
    run(database, "upgrade", "two")
    assert "Changed outside the dashboard" not in client.get(f"/databases/{database.pk}/").content.decode()
