"""A share of the kill harness that fits into CI; docs/reliability.md has the figures of the whole."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import figures

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("lost", "double_applied", "wrong_verdicts", "locks_left", "processes_left")
pytestmark = [pytest.mark.slow, pytest.mark.postgresql, pytest.mark.timeout(900)]


def crash(*words: str) -> tuple[int, dict[str, Any], str]:
    """The exit status, the last line, and all that was said."""
    done = subprocess.run([sys.executable, "-m", "crash.main", *words], cwd=ROOT, capture_output=True, text=True, timeout=850, check=False)
    lines = done.stdout.strip().splitlines()
    assert lines, done.stderr[-3000:]
    figures.note(f"script/crash {' '.join(words)}: {lines[-1]}")
    return done.returncode, json.loads(lines[-1]), done.stderr[-3000:] + done.stdout


@pytest.mark.parametrize("words", [("--kills", "30", "--seed", "5"), ("--failpoints",)], ids=" ".join)
def test_nothing_is_lost_and_nothing_is_untrue(words: tuple[str, ...]) -> None:
    status, report, said = crash(*words)
    assert {kind: report[kind] for kind in KINDS} == dict.fromkeys(KINDS, 0), said
    assert status == 0
    assert report["kills"] >= 30


@pytest.mark.campaign
@pytest.mark.parametrize("broken", ["verify", "claim"])
def test_broken_variant_is_seen(broken: str) -> None:
    """The quick ones; the other three take minutes each."""
    status, report, said = crash("--engine", "sqlite", "--kills", "50", "--break", broken)
    assert status == 1, said
    assert sum(report[kind] for kind in KINDS) > 0


@pytest.mark.campaign
def test_doorbell_rung_ten_times_runs_the_job_once() -> None:
    status, report, said = crash("--engine", "sqlite", "--doorbells", "60")
    assert (status, report["runs"], report["run_once"]) == (0, 60, 60), said


@pytest.mark.campaign
def test_request_is_answered_whatever_the_broker_does() -> None:
    status, report, said = crash("--engine", "sqlite", "--requests", "24")
    assert (status, report["runs"], report["lost"]) == (0, 24, 0), said
    assert report["request_max_s"] < 10  # 3 s on a machine of its own
