"""Each job runs once, and one at a time on its database."""

import signal
from datetime import datetime

import pytest
from celery import Celery

from tests.integration.stage import kill
from tests.support.patience import eventually
from tests.support.targets import Target

pytestmark = pytest.mark.slow


def test_doubled_message_runs_the_job_once(stage, gated, gate):
    """All copies are there before any worker looks: several processes of the worker claim the job in the same moment."""
    database = stage.add(gated)
    celery = Celery(broker=f"redis+socket://{stage.broker()}", set_as_current=False)
    worker = stage.worker()
    kill(*worker, number=signal.SIGSTOP)
    try:
        job = database.request()
        for _ in range(8):
            celery.send_task("jobs.tasks.run_job", args=[int(job)], queue="jobs", task_id=f"the-same-{job}")
    finally:
        kill(*worker, number=signal.SIGCONT)
    gate.wait()
    celery.send_task("jobs.tasks.run_job", args=[int(job)], queue="jobs", task_id=f"the-same-{job}")
    gate.open()
    assert stage.api.ended(job)["status"] == "succeeded"
    celery.send_task("jobs.tasks.run_job", args=[int(job)], queue="jobs", task_id=f"the-same-{job}")
    assert stage.add(gated).run("upgrade", "one")["status"] == "succeeded"  # by now the last copy was looked at as well
    assert len(gate.pids) == 1
    actions = [entry["action"] for entry in stage.api.every(f"/audit?object=job%20{job}")]
    assert actions == ["job.request", "job.start", "job.finish"]


def test_jobs_on_one_database_take_their_turn(stage, gated, gate):
    """The second finds its work done; the third was planned from a start that is no more."""
    database = stage.add(gated)
    first, second, third = database.request(), database.request(), database.request("upgrade", "one")
    gate.wait()
    assert [stage.api.get(f"/jobs/{job}")["status"] for job in (first, second, third)] == ["running", "queued", "queued"]
    assert database.shown["active_job"] == first
    gate.open()
    ended = [stage.api.ended(job) for job in (first, second, third)]
    assert [(job["status"], len(job["steps"])) for job in ended] == [("succeeded", 2), ("succeeded", 0), ("failed", 1)]
    assert ended[2]["error"]["code"] == "plan_changed"
    times = [datetime.fromisoformat(job[name]) for job in ended for name in ("started_at", "finished_at")]
    assert times == sorted(times)
    assert (len(gate.pids), database.target.version) == (1, ["two"])


def test_jobs_on_two_databases_run_side_by_side(stage, gated, gate, tmp_path):
    first = stage.add(gated)
    second = stage.database(first.project, Target.sqlite(tmp_path / "second.db"))
    jobs = [first.request(), second.request()]
    eventually(lambda: len(gate.pids) == 2, 30, "both have come to the gate")
    assert {stage.api.get(f"/jobs/{job}")["status"] for job in jobs} == {"running"}
    gate.open()
    assert {stage.api.ended(job)["status"] for job in jobs} == {"succeeded"}
    assert first.target.version == second.target.version == ["two"]
