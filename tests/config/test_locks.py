"""The locks: nothing is installed that is not pinned by a hash, and no lock says where it comes from."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted(ROOT.glob("requirements*.txt"))


def pins(path: Path) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", path.read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_lock_has_hashes_for_every_package(path):
    entries = re.split(r"\n(?=[A-Za-z0-9])", path.read_text().strip())
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_lock_names_no_address(path):
    assert "://" not in path.read_text()


def test_locks_agree():
    everything = pins(ROOT / "requirements-dev.txt")
    for name in ("requirements.txt", "requirements-demo.txt"):
        assert pins(ROOT / name).items() <= everything.items()


def test_psycopg_3_is_not_there():
    assert "psycopg" not in pins(ROOT / "requirements-dev.txt")
