"""Readings are judged and kept, in order, and one database's trouble is not another's."""

import fcntl
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from environments import readings, tasks, version_table
from environments.errors import Unreachable
from environments.models import Database, DatabaseState


def test_check_database_now_keeps_what_it_read(make_database, sqlite_file: Path, write, code) -> None:
    code("a", "b", "c")
    write(sqlite_file, "a")
    database = make_database(f"sqlite:///{sqlite_file}")
    readings.check_database_now(database)
    kept = Database.objects.get(pk=database.pk)
    assert (kept.state, kept.current, kept.pending, kept.pending_count) == ("pending", ["a"], ["b", "c"], 2)
    assert kept.server.startswith("SQLite")
    assert kept.identity == {"dialect": "sqlite", "path": str(sqlite_file.resolve())}
    assert kept.changed_at == kept.checked_at
    assert (database.state, database.current) == (kept.state, kept.current)


def test_check_database_now_says_when_current_last_changed(make_database, sqlite_file: Path, write, code) -> None:
    code("a", "b")
    database = make_database(f"sqlite:///{sqlite_file}")
    for rows in (["a"], ["a"], ["b"]):
        write(sqlite_file, *rows)
        readings.check_database_now(database)
        if database.changed_at == database.checked_at:
            changed = rows
    assert changed == ["b"]


def test_check_database_now_keeps_duplicates(make_database, sqlite_file: Path, write, code) -> None:
    code("a", "b")
    write(sqlite_file, "a", "a")
    database = make_database(f"sqlite:///{sqlite_file}")
    readings.check_database_now(database)
    assert (database.state, database.current) == ("overlapping", ["a", "a"])


def test_check_database_now_keeps_what_was_last_known_when_unreachable(make_database, sqlite_file: Path, write, code) -> None:
    code("a", "b")
    write(sqlite_file, "a")
    database = make_database(f"sqlite:///{sqlite_file}")
    readings.check_database_now(database)
    sqlite_file.unlink()
    readings.check_database_now(database)
    assert (database.state, database.current, database.pending) == ("unreachable", ["a"], ["b"])
    assert database.error_code == "database_missing"
    write(sqlite_file, "a")
    readings.check_database_now(database)
    assert (database.state, database.error_code, database.error) == ("pending", "", "")


def test_check_database_now_without_a_snapshot_says_unchecked(make_database, sqlite_file: Path, write) -> None:
    write(sqlite_file, "a")
    database = make_database(f"sqlite:///{sqlite_file}")
    readings.check_database_now(database)
    assert (database.state, database.current) == ("unchecked", ["a"])


def test_apply_reading_does_not_go_back_in_time(make_database, sqlite_file: Path, write, code) -> None:
    code("a", "b")
    database = make_database(f"sqlite:///{sqlite_file}")
    write(sqlite_file, "a")
    old = version_table.read(database)
    write(sqlite_file, "b")
    readings.apply_reading(database, version_table.read(database))
    readings.apply_reading(database, old)
    assert Database.objects.get(pk=database.pk).current == ["b"]


def test_apply_reading_leaves_a_profile_that_leads_elsewhere_by_now(make_database, sqlite_file: Path, code) -> None:
    code("a")
    database = make_database(f"sqlite:///{sqlite_file}")
    reading = version_table.read(database)
    Database.objects.filter(pk=database.pk).update(database="/srv/other.db")
    readings.apply_reading(database, reading)
    assert Database.objects.get(pk=database.pk).state == DatabaseState.UNCHECKED


def test_apply_reading_changes_only_its_own_columns(make_database, sqlite_file: Path, code) -> None:
    code("a")
    database = make_database(f"sqlite:///{sqlite_file}")
    Database.objects.filter(pk=database.pk).update(name="renamed", secret="v1:kept")
    readings.apply_reading(database, version_table.read(database))
    kept = Database.objects.get(pk=database.pk)
    assert (kept.name, kept.secret, kept.state) == ("renamed", "v1:kept", "uninitialised")


def test_apply_reading_to_a_deleted_row_does_nothing(make_database, sqlite_file: Path) -> None:
    database = make_database(f"sqlite:///{sqlite_file}")
    reading = version_table.read(database)
    Database.objects.all().delete()
    readings.apply_reading(database, reading)
    assert not Database.objects.exists()


def test_ask_makes_a_state_of_whatever_goes_wrong(make_database, sqlite_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = make_database(f"sqlite:///{sqlite_file}")
    database.driver = "postgresql"
    database.port = "not a number"  # no row can say so; a driver's bug might
    found = readings.ask(database)
    assert isinstance(found, Unreachable)


def test_check_many_reads_all_and_needs_no_more_time_than_the_slowest(make_database, tmp_path: Path, write, code, settings) -> None:
    code("a")
    write(tmp_path / "good.db", "a")
    good = [make_database(f"sqlite:///{tmp_path}/good.db") for _ in range(30)]
    bad = [make_database(f"sqlite:///{tmp_path}/bad-{number}.db") for number in range(10)]
    assert readings.check_many([*good, *bad]) == 40
    assert Database.objects.filter(state="up_to_date").count() == 30
    assert Database.objects.filter(state="unreachable").count() == 10
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("reader")]


def test_check_all_reads_only_what_is_due(make_database, sqlite_file: Path, settings, tmp_path: Path, code) -> None:
    settings.DATA_DIR = tmp_path
    code("a")
    fresh, stale, new = (make_database(f"sqlite:///{sqlite_file}") for _ in range(3))
    Database.objects.filter(pk=fresh.pk).update(checked_at=timezone.now())
    Database.objects.filter(pk=stale.pk).update(checked_at=timezone.now() - timedelta(seconds=59))
    assert readings.check_all() == 2
    assert set(Database.objects.filter(state="uninitialised")) == {stale, new}
    assert readings.check_all() == 0


def test_check_all_leaves_the_work_to_one(make_database, sqlite_file: Path, settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    make_database(f"sqlite:///{sqlite_file}")
    with (tmp_path / "check_all.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert readings.check_all() == 0
    tasks.check_all()
    assert Database.objects.get().checked_at


@pytest.mark.django_db
def test_check_database_of_a_deleted_row_does_nothing() -> None:
    tasks.check_database("00000000-0000-0000-0000-000000000000")
