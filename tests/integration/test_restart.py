"""SIGTERM in the middle of migrations, and a start on the same data: nothing lost, nothing left open."""

import threading
import time

import pytest

from tests.integration.conftest import PASSWORD
from tests.integration.stage import Gate, Stage
from tests.runner.projects import World, table
from tests.support import figures
from tests.support.dashboard import TOKEN, serving
from tests.support.patience import is_gone

pytestmark = pytest.mark.slow


def gated(place) -> tuple[World, Gate]:
    world, gate = World(place / "project"), Gate(place / "gate")
    world.revision("one", table("one"))
    world.revision("two", f"{gate.code}\n{table('two')}")
    return world, gate


def test_stopped_server_ends_its_migrations_truly(tmp_path):
    """One migration ends within the grace and its successor waits for the next start; another takes too long and is canceled."""
    data = tmp_path / "data"
    (quick, quick_gate), (slow, slow_gate) = gated(tmp_path / "quick"), gated(tmp_path / "slow")
    with serving(data, ADMIN_PASSWORD=PASSWORD, ADMIN_TOKEN=TOKEN, STOP_GRACE="4") as dashboard:
        dashboard.wait_until_ready()
        stage = Stage(dashboard)
        fast, late = stage.add(quick), stage.add(slow)
        jobs = [fast.request("upgrade", "head"), fast.request("upgrade", "head"), late.request("upgrade", "head")]
        pids = [quick_gate.wait(), slow_gate.wait()]
        threading.Timer(1.0, quick_gate.open).start()
        seconds = dashboard.stop()
        figures.note(f"SIGTERM during a migration, with 4 s of grace: everything had ended after {seconds:.1f} s")
        assert seconds < 25
        assert dashboard.process.returncode == 0
        assert all(is_gone(pid) for pid in pids)
        assert (fast.target.version, len(quick_gate.pids)) == (["two"], 1)
    with serving(data) as dashboard:
        started = time.monotonic()
        dashboard.wait_until_ready()
        figures.note(f"start on the same data: ready after {time.monotonic() - started:.1f} s")
        api = Stage(dashboard).api
        first, second, third = (api.ended(job) for job in jobs)
        assert (first["status"], first["database_state"], first["heads_after"]) == ("succeeded", "at_target", ["two"])
        assert (second["status"], second["steps"]) == ("succeeded", [])
        assert (third["status"], third["database_state"]) == ("canceled", "partial")
        assert third["heads_after"] == late.target.version == ["one"]
        assert late.target.tables == ["one"]
        assert api.get("/audit/verification")["broken_at"] is None
        assert len(slow_gate.pids) == 1
