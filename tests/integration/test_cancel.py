"""A person stops a job: nothing of it goes on, and what it left is said."""

import time

import pytest

from tests.runner.projects import table
from tests.support.patience import eventually, is_gone

pytestmark = pytest.mark.slow


def test_canceled_job_leaves_no_process(stage, gated, gate):
    database = stage.add(gated)
    job = database.request()
    pid = gate.wait()
    stage.api.post(f"/jobs/{job}/cancellation", {"reason": "wrong day"}, want=202)
    started = time.monotonic()
    ended = stage.api.ended(job)
    assert time.monotonic() - started < 10
    assert is_gone(pid)
    assert (ended["status"], ended["database_state"], ended["error"]) == ("canceled", "partial", None)
    assert ended["heads_after"] == database.target.version
    assert database.target.tables == ["one", "two"]


@pytest.mark.postgresql
def test_canceled_statement_ends_on_the_server(stage, world, postgresql):
    world.revision("one", table("one"))
    world.revision("two", 'op.execute("SELECT pg_sleep(60)")')
    database = stage.add(world, postgresql)
    job = database.request()
    eventually(lambda: "pg_sleep" in stage.api.log(job), 20, "the statement is under way")
    assert sessions(postgresql) == 1
    stage.api.post(f"/jobs/{job}/cancellation", want=202)
    ended = stage.api.ended(job)
    assert (ended["status"], ended["database_state"], ended["heads_after"]) == ("canceled", "unchanged", [])
    assert (postgresql.version, postgresql.tables, sessions(postgresql)) == ([], [], 0)


def sessions(target) -> int:
    """What jobs have open in this database."""
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'alembic-dashboard job %'"
    return len(target.ask(query))


def test_canceled_job_that_ignores_signals_is_killed(stage, world, gate):
    world.revision("one", f"signal.signal(signal.SIGTERM, signal.SIG_IGN)\n{gate.code}")
    database = stage.add(world)
    job = database.request()
    pid = gate.wait()
    stage.api.post(f"/jobs/{job}/cancellation", want=202)
    ended = stage.api.ended(job)
    assert (ended["status"], ended["database_state"], database.target.version) == ("canceled", "unchanged", [])
    assert is_gone(pid)


def test_queued_job_is_canceled_at_once(stage, gated, gate):
    database = stage.add(gated)
    first, second = database.request(), database.request()
    gate.wait()
    stage.api.post(f"/jobs/{second}/cancellation", want=202)
    assert stage.api.get(f"/jobs/{second}")["status"] == "canceled"
    gate.open()
    assert stage.api.ended(first)["status"] == "succeeded"
