"""A runner whose worker falls silent ends itself before anybody judges its job."""

import signal
import sys
import time
from pathlib import Path

import pytest

from jobs import reaper, supervisor
from tests.runner.projects import World

LEASE = 20.0


@pytest.mark.slow
def test_runner_does_not_outlive_a_worker_that_is_stopped(tmp_path: Path) -> None:
    """The worker's loop stands still, as a stopped process does; the migration would have gone on for much longer."""
    world = World(tmp_path / "project")
    world.revision("one", "time.sleep(60)")
    started: list[float] = []

    def stand_still() -> None:
        if started and time.monotonic() - started[0] < 1:
            time.sleep(LEASE + 3)

    def hear(event: dict) -> None:
        if event["event"] == "step_started":
            started.append(time.monotonic())

    end = supervisor.run(
        world.spec(), sys.executable,
        on_event=hear, on_line=lambda *_: None, on_tick=stand_still, should_stop=lambda: False, timeout=50,
    )  # fmt: skip
    assert (end.signal, end.timed_out) == (signal.SIGKILL, False)
    assert LEASE < reaper.STALE_SECONDS
