"""What a canceled or killed job left behind, on real servers: rolled back, finished, partial, unfinished indexes, or running still."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.db import OperationalError
from django.db import connection as store_connection
from django.utils import timezone

from accounts.models import User
from config.embedded import EmbeddedPostgres
from environments import services as environments
from environments import version_table
from environments.models import Database, Environment
from jobs import execution, leftovers, reaper, services, sessions, spec
from jobs.aftermath import cancel_sentence
from jobs.models import Job, JobStatus, OutcomeState
from jobs.queries import log_lines
from migrations_store.models import Project
from tests.jobs.conftest import table, write_revision
from tests.support.mariadb import MariaDB
from tests.support.patience import command_line

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
CONCURRENTLY = "with op.get_context().autocommit_block(): op.execute('CREATE INDEX CONCURRENTLY {more} ix_slow ON t_one (id)')"


@pytest.fixture
def shop(postgres: EmbeddedPostgres) -> Iterator[str]:
    name = f"aftermath{time.monotonic_ns()}"
    postgres.create_database(name)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture
def on_postgresql(admin: User, project: Project, dev: Environment, shop: str) -> Database:
    return environments.create_database(user=admin, fields={"project": "shop", "environment": "dev", "url": shop})


@pytest.fixture
def on_mariadb(admin: User, project: Project, dev: Environment, mariadb: MariaDB) -> Database:
    url = mariadb.create_database("aftermath")
    return environments.create_database(user=admin, fields={"project": "shop", "environment": "dev", "url": url})


def request(database: Database, user: User) -> Job:
    environments.check_database_now(database)
    database.refresh_from_db()
    return services.request_job(database, user=user, command="upgrade", revision="head")


def cancel(job: Job) -> None:
    Job.objects.filter(pk=job.pk).update(cancel_requested_at=timezone.now(), canceled_by="ada")


def kill_runner(_: Job) -> None:
    """SIGKILL for what runs the migration, as the system does when memory is short."""
    for pid in leftovers.descendants(os.getpid()):
        if b"runner" in command_line(pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def run(job: Job, when: Callable[[], Any] = lambda: False, do: Callable[[Job], None] = cancel) -> Job:
    """Executes it here, while a thread does something to it as soon as something is so."""
    ended = threading.Event()

    def watch() -> None:
        while not when() and not ended.wait(0.1):
            pass
        while not ended.is_set():
            with contextlib.suppress(OperationalError):  # the tests' store knows one writer at a time and does not wait for it
                do(job)
                break
        store_connection.close()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        execution.execute(job.pk)
    finally:
        ended.set()
        thread.join()
    job.refresh_from_db()
    return job


def connect(url: str) -> Any:
    """As psycopg2 itself writes URLs; SQLAlchemy's name the driver."""
    return psycopg2.connect(url.replace("+psycopg2", ""))


def asks(url: str, query: str) -> Callable[[], Any]:
    """Whether the server finds a row."""

    def ask() -> Any:
        with closing(connect(url)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchone()

    return ask


@pytest.mark.parametrize(("do", "status", "code"), [(cancel, "canceled", "invalid_index"), (kill_runner, "failed", "killed")])
def test_an_unfinished_index_is_told_with_its_name(
    on_postgresql: Database, admin: User, root: Path, shop: str, do: Callable[[Job], None], status: str, code: str
) -> None:
    run(request(on_postgresql, admin))
    write_revision(root, "four", "three", CONCURRENTLY.format(more=""))
    building = asks(shop, "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONC%' AND wait_event_type = 'Lock'")
    with closing(connect(shop)) as other, other.cursor() as cursor:
        cursor.execute("INSERT INTO t_one VALUES (1)")  # an open transaction that the build waits for
        job = run(request(on_postgresql, admin), building, do)
    assert (job.status, job.database_state) == (status, OutcomeState.PARTIAL)
    assert job.error
    assert job.error["code"] == code
    assert "public.ix_slow" in job.error["why"]
    assert "DROP INDEX CONCURRENTLY public.ix_slow;" in job.error["next"][0]
    assert ("0 of 1 steps stayed" in cancel_sentence(job)) is (do is cancel)


def test_a_renamed_database_is_the_same_one(on_postgresql: Database, admin: User) -> None:
    job = request(on_postgresql, admin)
    reading = version_table.read(on_postgresql)

    def answers(**other: object) -> bool:
        return reaper.is_another(job, replace(reading, identity=reading.identity | other))

    assert not answers(database="renamed")
    assert not answers(system_identifier=None)  # the role may not ask for it any more
    assert answers(system_identifier="1")
    assert answers(database_oid=1)


def test_an_index_that_was_invalid_before_is_not_this_jobs(on_postgresql: Database, admin: User, root: Path, shop: str) -> None:
    run(request(on_postgresql, admin))
    with closing(connect(shop)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("CREATE INDEX ix_slow ON t_one (id)")
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_slow'::regclass")
    write_revision(root, "four", "three", "raise RuntimeError('no')")
    job = run(request(on_postgresql, admin))
    assert job.status == JobStatus.FAILED
    assert job.error
    assert "ix_slow" not in str(job.error)


@pytest.mark.parametrize(("more", "status"), [("", JobStatus.FAILED), ("IF NOT EXISTS", JobStatus.SUCCEEDED)])
def test_an_invalid_index_in_the_way_is_named(
    on_postgresql: Database, admin: User, root: Path, shop: str, more: str, status: JobStatus
) -> None:
    """Else the advice would be to stamp what is there already; and a revision that skips it would leave it so without a word."""
    run(request(on_postgresql, admin))
    with closing(connect(shop)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("CREATE INDEX ix_slow ON t_one (id)")
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_slow'::regclass")
    write_revision(root, "four", "three", CONCURRENTLY.format(more=more))
    job = run(request(on_postgresql, admin))
    assert job.status == status
    assert "An index that is there is invalid, public.ix_slow:" in "\n".join(item[3] for item in log_lines(job, 0, 10_000).items)
    if status == JobStatus.FAILED:
        assert job.error
        assert job.error["code"] == "AM-303"
        assert "An index that is there is invalid, public.ix_slow:" in job.error["why"]
        assert "DROP INDEX CONCURRENTLY public.ix_slow;" in job.error["next"][0]


def test_a_cancel_on_postgresql_says_that_it_was_rolled_back(on_postgresql: Database, admin: User, root: Path, shop: str) -> None:
    write_revision(root, "three", "two", f"{table('t_three')[0]}; op.execute('SELECT pg_sleep(20)')")
    asleep = asks(shop, "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%' AND state = 'active'")
    job = run(request(on_postgresql, admin), asleep)
    assert (job.status, job.database_state, job.heads_after) == (JobStatus.CANCELED, OutcomeState.UNCHANGED, [])
    assert cancel_sentence(job).startswith("Version and schema of shop/dev are as they were; what the job had begun was rolled back,")


def test_a_cancel_that_came_too_late_says_so(on_postgresql: Database, admin: User, root: Path, shop: str) -> None:
    """The migration has committed, and the process is still there."""
    env = root / "migrations" / "env.py"
    env.write_text(env.read_text() + "\n    import time; time.sleep(60)\n")
    job = run(request(on_postgresql, admin), asks(shop, "SELECT to_regclass('t_three') WHERE to_regclass('t_three') IS NOT NULL"))
    assert (job.status, job.database_state, job.heads_after) == (JobStatus.CANCELED, OutcomeState.AT_TARGET, ["three"])
    assert cancel_sentence(job).startswith("The migration had finished before it was canceled:")


def test_a_cancel_on_mariadb_ends_the_statement_on_the_server(on_mariadb: Database, admin: User, root: Path, mariadb: MariaDB) -> None:
    """MariaDB goes on when the client is dead, and each statement has committed by itself."""
    write_revision(root, "three", "two", "op.execute('SELECT SLEEP(20)')")

    def asleep() -> bool:
        with closing(mariadb.connect()) as connection, connection.cursor() as cursor:
            return bool(cursor.execute("SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP%'"))

    job = run(request(on_mariadb, admin), asleep)
    assert not asleep()
    assert (job.status, job.database_state, job.heads_after) == (JobStatus.CANCELED, OutcomeState.PARTIAL, ["two"])
    assert "2 of 3 steps stayed" in cancel_sentence(job)


def test_a_session_that_does_not_end_keeps_the_job_unknown(
    on_postgresql: Database, admin: User, shop: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another role's session of the job's name, which this role may not end."""
    monkeypatch.setattr(sessions, "WAIT", 0.5)
    with closing(connect(shop)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("DROP ROLE IF EXISTS narrow")
        cursor.execute("CREATE ROLE narrow LOGIN PASSWORD 'narrow-role'")
        cursor.execute("GRANT ALL ON SCHEMA public TO narrow")
        narrow = shop.replace(shop.split("//")[1].partition("@")[0], "narrow:narrow-role")
        on_postgresql = environments.update_database(on_postgresql, user=admin, fields={"url": narrow})
        job = request(on_postgresql, admin)
        cursor.execute("SET application_name = %s", [spec.application_name(job.pk)])
        run(job)
    assert (job.status, job.database_state) == (JobStatus.UNKNOWN, OutcomeState.UNKNOWN)


def test_a_lost_workers_unfinished_index_is_named(on_postgresql: Database, admin: User, root: Path, shop: str) -> None:
    """What the reaper finds when the worker was killed in the middle of a build."""
    run(request(on_postgresql, admin))
    write_revision(root, "four", "three", CONCURRENTLY.format(more=""))
    job = request(on_postgresql, admin)
    assert execution.claim(job.pk)
    Job.objects.filter(pk=job.pk).update(fingerprint_before="as it was")
    with closing(connect(shop)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("CREATE INDEX ix_slow ON t_one (id)")
        cursor.execute("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_slow'::regclass")
    reaper.take_over(job.pk, "It was killed.")
    job.refresh_from_db()
    assert (job.status, job.database_state) == (JobStatus.FAILED, OutcomeState.PARTIAL)
    assert job.error
    assert job.error["code"] == "worker_lost"
    assert "public.ix_slow" in job.error["why"]
