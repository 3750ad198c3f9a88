"""Fifty callers at once on one job, against both kinds of store: never two runs, and never one of a job that was rejected or canceled."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from config.embedded import EmbeddedPostgres
from tests.support import figures

ROUNDS = 3
NEEDED = 2

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_fifty_at_once_never_run_a_job_twice_or_against_a_decision(store: str, root: Path, tmp_path: Path, request: Any) -> None:
    environment = os.environ | {"DATA_DIR": str(tmp_path / "data")}
    (tmp_path / "data").mkdir()
    if store == "postgresql":
        server: EmbeddedPostgres = request.getfixturevalue("postgres")
        server.create_database("crowd")
        environment["DATABASE_URL"] = server.url("crowd", driver="postgresql")
    command = [sys.executable, "-m", "tests.jobs.crowd", str(root), str(ROUNDS)]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert found.returncode == 0, found.stderr[-2000:]
    rounds = [json.loads(line) for line in found.stdout.splitlines()]
    assert [what for line in rounds for what in wrong(line)] == []
    ends = Counter("run" if line["fence"] else line["status"] for line in rounds)
    assert ends["run"] > 0  # the last round has nobody against it
    figures.note(f"Decisions on {store}: {len(rounds)} rounds of 50 calls at once, no job run twice or against a decision ({dict(ends)})")


def wrong(line: dict[str, Any]) -> list[str]:
    """What the record of one round shows that must not be."""
    found = [*line["broken"]] + ([f"{line['jobs']} jobs"] if line["jobs"] != 1 else [])
    approved: set[str] = set()
    ended = started = False
    for action, actor, was_running in line["told"]:
        if action == "job.start":
            found += ["started twice"] * started + ["started after its end"] * ended + ["started unapproved"] * (len(approved) < NEEDED)
            started = True
        elif action in ("job.approve", "job.withdraw"):
            found += ["decided after its end"] * ended + ["decided after its start"] * started
            approved = approved | {actor} if action == "job.approve" else approved - {actor}
        elif action == "job.reject" or (action == "job.cancel" and not was_running):
            found += ["ended twice"] * ended + ["ended after its start"] * started
            ended = True
    found += [f"{line['status']} without a word"] * (line["status"] in ("rejected", "canceled") and not ended)
    return found
