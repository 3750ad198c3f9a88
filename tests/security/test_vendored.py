"""Files that others wrote are as they were published, come with their licence, and none is there that no list names."""

import base64
import hashlib
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("folder", ["static/vendor", "tests/browser/vendor"])
def test_vendored_files_are_those_that_were_published(folder: str) -> None:
    place = ROOT / folder
    listed = tomllib.loads((place / "vendor.toml").read_text())
    for name, entry in listed.items():
        digest = hashlib.sha384((place / entry["file"]).read_bytes()).digest()
        assert base64.b64encode(digest).decode() == entry["sha384"], name
        assert (place / entry["licence"].rpartition("see ")[2]).is_file(), name
    assert {path.name for path in place.glob("*.js")} == {entry["file"] for entry in listed.values()}
