"""script/bootstrap where something is missing, and where nothing is left to do."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def clone(tmp_path) -> Path:
    """A clone that was never set up, in a path with blanks."""
    clone = tmp_path / "a clone"
    (clone / "script").mkdir(parents=True)
    shutil.copy(ROOT / "script/bootstrap", clone / "script/bootstrap")
    for lock in ROOT.glob("requirements*.txt"):
        shutil.copy(lock, clone)
    return clone


def tools(directory: Path, *names: str) -> str:
    directory.mkdir()
    for name in names:
        (directory / name).symlink_to(shutil.which(name) or "")
    return str(directory)


def test_bootstrap_without_python_says_what_to_do(clone, tmp_path):
    path = tools(tmp_path / "bin", "bash", "dirname", "basename", "mkdir", "flock", "rm")
    done = subprocess.run([clone / "script/bootstrap"], env={"PATH": path}, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "Python 3.11 or newer" in done.stderr
    assert "apt install python3" in done.stderr


def test_bootstrap_passes_over_an_old_python(clone, tmp_path):
    path = tools(tmp_path / "bin", "bash", "dirname", "basename", "mkdir", "flock", "rm")
    old = tmp_path / "bin/python3"
    old.write_text("#!/bin/bash\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run([clone / "script/bootstrap"], env={"PATH": path}, capture_output=True, text=True, timeout=30, check=False)
    assert "Python 3.11 or newer" in done.stderr


def test_bootstrap_again_is_quick_and_quiet():
    command = [ROOT / "script/bootstrap", "dev"]
    subprocess.run(command, check=True, capture_output=True)
    started = time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, env=os.environ | {"HOME": ""})
    assert time.monotonic() - started < 1
    assert (done.stdout, done.stderr) == (b"", b"")


def test_bootstrap_refuses_changed_package(clone):
    """A lock whose hash does not fit what the index sends installs nothing."""
    lock = clone / "requirements-uv.txt"
    lock.write_text(lock.read_text().splitlines()[0] + f"\n    --hash=sha256:{'0' * 64}\n")
    done = subprocess.run([clone / "script/bootstrap"], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode != 0
    assert "DO NOT MATCH" in done.stderr
    assert not (clone / ".venv/requirements-uv.txt.installed").exists()
