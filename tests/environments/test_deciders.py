"""Thirty decisions at once on the changes of one policy, against both kinds of store: one change at most is carried out, once."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.embedded import EmbeddedPostgres
from tests.support import figures

ROUNDS = 3

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_thirty_decisions_at_once_carry_out_one_change_at_most(store: str, tmp_path: Path, request: Any) -> None:
    environment = os.environ | {"DATA_DIR": str(tmp_path / "data")}
    (tmp_path / "data").mkdir()
    if store == "postgresql":
        server: EmbeddedPostgres = request.getfixturevalue("postgres")
        server.create_database("deciders")
        environment["DATABASE_URL"] = server.url("deciders", driver="postgresql")
    command = [sys.executable, "-m", "tests.environments.deciders", str(ROUNDS)]
    found = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    assert found.returncode == 0, found.stderr[-2000:]
    rounds, version = [json.loads(line) for line in found.stdout.splitlines()], 1
    for line in rounds:
        approved = [change for change in line["changes"] if change[0] == "approved"]
        assert line["broken"] == []
        assert len(approved) == line["carried"] == line["version"] - version <= 1
        assert not any(own for status, own, *_ in line["changes"] if status in ("approved", "rejected")), "somebody decided on their own"
        assert all(after["approval_hours"] == line["hours"] for *_, after in approved)
        version = line["version"]
    assert version > 1
    figures.note(f"Policy changes on {store}: {len(rounds)} rounds of 30 decisions at once, {version - 1} carried out, none twice")
