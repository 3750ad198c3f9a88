"""Processes that are killed in the middle of a migration: the job gets a true end, and the next one can run."""

import time
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.stage import Database, Gate, kill, parent
from tests.runner.projects import World, table
from tests.support import figures
from tests.support.patience import eventually, is_gone
from tests.support.targets import Target

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]


@dataclass
class Killed:
    """A database whose job lost its worker, and that job."""

    database: Database
    gate: Gate
    job: dict[str, Any]


@pytest.fixture(scope="module")
def killed(stage, postgres, tmp_path_factory) -> dict[str, Killed]:
    """Three jobs in the middle of a migration. One loses the process of the worker that runs it, the others the whole worker."""
    running = {}
    for name in ("process", "sqlite", "postgresql"):
        place = tmp_path_factory.mktemp(name)
        world, gate = World(place / "project"), Gate(place / "gate")
        world.revision("one", table("one"))
        world.revision("two", f"{table('two')}\n{gate.code}")
        target = Target.postgresql(postgres.create_database(place.name)) if name == "postgresql" else None
        database = stage.add(world, target)
        running[name] = (database, gate, database.request(), gate.wait())
    started = time.monotonic()
    kill(parent(running["process"][3]))
    eventually(lambda: is_gone(running["process"][3]), 5, "the killed process has taken its runner with it")
    worker = stage.worker()[0]
    kill(worker)
    eventually(lambda: all(is_gone(pid) for *_, pid in running.values()), 5, "the killed worker has taken its runners with it")
    figures.note(f"killed worker: no runner was left after {time.monotonic() - started:.1f} s")
    found = {name: Killed(database, gate, stage.api.ended(job, 90)) for name, (database, gate, job, _) in running.items()}
    figures.note(f"killed worker: the jobs had their verdict after {time.monotonic() - started:.1f} s")
    return found


@pytest.mark.parametrize(("name", "state"), [("process", "partial"), ("sqlite", "partial"), ("postgresql", "unchanged")])
def test_job_of_a_killed_worker_has_a_true_end(killed, name, state):
    job, target = killed[name].job, killed[name].database.target
    assert (job["status"], job["database_state"], job["error"]["code"]) == ("failed", state, "worker_lost")
    assert job["heads_after"] == target.version == ([] if state == "unchanged" else ["one"])
    assert target.tables == ([] if state == "unchanged" else ["one", "two"])
    assert "The worker that ran this job has vanished" in job["error"]["why"]
    assert [step["status"] for step in job["steps"]] == ["skipped" if state == "unchanged" else "succeeded", "failed"]


def test_next_job_runs_after_a_killed_worker(killed):
    one = killed["postgresql"]
    one.gate.open()
    job = one.database.run()
    assert (job["status"], one.database.target.version) == ("succeeded", ["two"])


def test_half_made_database_is_mended_by_a_stamp(killed):
    """What a person does who has looked: both tables are there, only the version is not."""
    database = killed["sqlite"].database
    assert database.run("stamp", "head")["status"] == "succeeded"
    assert (database.shown["state"], database.target.version) == ("up_to_date", ["two"])


def test_killed_worker_is_in_the_record(stage, killed):
    actions = [entry["action"] for entry in stage.api.every(f"/audit?object=job%20{killed['sqlite'].job['id']}")]
    assert actions == ["job.request", "job.start", "job.worker_lost", "job.finish"]


def test_killed_runner_is_told_at_once(stage, gated, gate, postgresql):
    database = stage.add(gated, postgresql)
    job = database.request()
    kill(gate.wait())
    started = time.monotonic()
    ended = stage.api.ended(job)
    assert time.monotonic() - started < 10
    assert (ended["status"], ended["database_state"], ended["heads_after"]) == ("failed", "unchanged", [])
    assert ended["error"]["code"] == "killed"
    gate.open()
    assert (database.run()["status"], postgresql.version) == ("succeeded", ["two"])
