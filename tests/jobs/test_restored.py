"""A store that was restored from a backup runs nothing that waited in it."""

import pytest
from django.core.management import call_command

from audit import protection
from audit.models import AuditEntry, AuditHead
from audit.queries import verify
from jobs import reaper, services
from jobs.models import Job, JobStatus


@pytest.fixture
def waiting(admin, database) -> Job:
    return services.request_job(database, user=admin, command="upgrade", revision="head")


@pytest.fixture(autouse=True)
def own_data(settings, tmp_path):
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()


def go_back(admin) -> None:
    """The record loses its newest entries, as with a restored backup; the file beside the store does not know of it."""
    head = AuditHead.objects.get()
    for number in range(3):
        services.record(admin.username, "later.entry", f"number {number}")
    reaper.sweep()
    with protection.removed():
        AuditEntry.objects.filter(seq__gt=head.seq).delete()
    AuditHead.objects.update(seq=head.seq, hash=head.hash)


def test_sweep_leaves_waiting_jobs_alone(waiting):
    reaper.sweep()
    reaper.sweep()
    waiting.refresh_from_db()
    assert waiting.status == JobStatus.QUEUED


def test_sweep_cancels_what_waited_in_a_restored_store(admin, waiting):
    go_back(admin)
    reaper.sweep()
    waiting.refresh_from_db()
    assert (waiting.status, waiting.database_state) == (JobStatus.CANCELED, "unchanged")
    assert "restored from a backup" in waiting.cancel_reason
    assert {step.status for step in waiting.steps.all()} == {"skipped"}
    assert verify().broken_at is None


def test_sweep_lets_new_jobs_run_after_a_restore(admin, waiting, database):
    go_back(admin)
    reaper.sweep()
    new = services.request_job(database, user=admin, command="upgrade", revision="head")
    reaper.sweep()
    new.refresh_from_db()
    assert new.status == JobStatus.QUEUED


def test_cancel_waiting_jobs_says_how_many(waiting, capsys):
    call_command("cancel_waiting_jobs")
    assert capsys.readouterr().out == "1 jobs canceled.\n"
