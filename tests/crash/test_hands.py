"""The harness's hands in the product: every failpoint and every broken variant still finds the function that it takes hold of."""

import importlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crash.failpoints import POINTS, RUNNER_POINTS
from crash.main import BREAKS
from tests.runner.projects import World, table

ROOT = Path(__file__).resolve().parents[2]


def test_launcher_takes_hold_of_the_product() -> None:
    """In a process of its own: the hands do not come off again."""
    code = "from crash import breaks, launcher; import django; django.setup(); launcher.prepare('')"
    code += "".join(f"; breaks.install({name!r})" for name in BREAKS)
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_points_have_names_of_their_own() -> None:
    names = [point.name for point in [*POINTS, *RUNNER_POINTS]]
    assert len(set(names)) == len(names) >= 40


def test_product_knows_nothing_of_the_harness() -> None:
    """What could be switched on by accident is not there."""
    rooms = ["accounts", "api", "audit", "config", "dashboard", "environments", "jobs", "migrations_store", "runner"]
    texts = {path: path.read_text() for room in rooms for path in (ROOT / room).rglob("*.py")}
    assert len(texts) > 100
    assert [str(path) for path, text in texts.items() if "CRASH_" in text or "import crash" in text or "from crash" in text] == []


@pytest.mark.slow
@pytest.mark.parametrize("point", RUNNER_POINTS, ids=lambda point: point.name)
def test_runner_dies_at_its_point(point, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from crash import launcher
    from jobs import supervisor

    world = World(tmp_path / "project")
    world.revision("one", table("one"))
    (tmp_path / "armed").mkdir()
    (tmp_path / "armed" / point.name).touch()
    environment = supervisor.environment
    monkeypatch.setattr(supervisor, "RUNNER", launcher.RUNNER)
    monkeypatch.setattr(supervisor, "environment", lambda *given: environment(*given) | {"CRASH_DIR": str(tmp_path)})
    assert world.run().exit.signal == signal.SIGKILL
    assert list((tmp_path / "armed").iterdir()) == []


@pytest.mark.parametrize(
    ("module", "path"),
    [
        ("jobs.recorder", "Recorder.write_now"),
        ("jobs.recorder", "Recorder.should_stop"),
        ("jobs.claims", "next_fence"),
        ("jobs.reaper", "next_fence"),
        ("jobs.reaper", "sweep"),
        ("jobs.verdict", "judge"),
        ("jobs.execution", "claim"),
        ("runner.hooks", "Guard.lock"),
    ],
)
def test_what_a_broken_variant_replaces_is_there(module: str, path: str) -> None:
    """Assigning to a name that is not there any more would break nothing, and a control would prove nothing."""
    owner = importlib.import_module(module)
    for name in path.split("."):
        owner = getattr(owner, name)
    assert callable(owner)
