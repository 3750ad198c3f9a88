"""Six reviewers at once while a worker keeps another version, on PostgreSQL, where only a lock orders them: none approves what is gone."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.embedded import EmbeddedPostgres
from tests.support import figures

ROUNDS = 6

pytestmark = pytest.mark.slow


def test_approvals_at_once_never_come_behind_another_version(postgres: EmbeddedPostgres, root: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    postgres.create_database("review_race")
    store = {"DATA_DIR": str(tmp_path / "data"), "DATABASE_URL": postgres.url("review_race", driver="postgresql")}
    environment = os.environ | store
    command = [sys.executable, "-m", "tests.jobs.review_race", str(root), str(ROUNDS)]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert found.returncode == 0, found.stderr[-2000:]
    rounds = [json.loads(line) for line in found.stdout.splitlines()]
    assert [what for line in rounds for what in wrong(line)] == []
    early = sum(line["reviews"] for line in rounds)
    assert len(rounds) == ROUNDS
    assert 0 < early < ROUNDS * 6, "some came before the second version, and some after it"
    figures.note(f"Reviews at once: {len(rounds)} rounds of 12 approvals at once and one new version; {early} before it, none behind it")


def wrong(line: dict[str, Any]) -> list[str]:
    """What the record of one round shows that must not be."""
    found, moved, approved = [*line["broken"]], False, []
    for action, actor, version in line["told"]:
        if action == "proposal.finish":
            moved = True
        elif action == "proposal.review":
            found += [f"{actor} approved version {version} behind version 2"] * moved + [f"{actor} approved twice"] * (actor in approved)
            approved.append(actor)
    found += ["no second version"] * (not moved) + ["approved without a word on version 2"] * (line["state"] == "approved")
    found += [f"stands {line['state']}"] * (line["state"] != ("stale" if approved else "open"))
    return found + ["reviews and record differ"] * (line["reviews"] != len(approved))
