"""A record of its own: its signed heads go into a file that no other test sees."""

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    settings.AUDIT_EXPORT = str(tmp_path / "outside" / "heads.jsonl")
    settings.AUDIT_KEYS = ["a key that the store does not hold"]
    settings.INSTALLATION_ID = "here"
