"""docs/architecture.md names rooms and furniture that are there, and leaves no room out."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/architecture.md").read_text()
LAYERS = "Arrows between rooms point one way"


def rooms() -> list[str]:
    return re.findall(r"^\| `(\w+)/` \|", TEXT, re.MULTILINE)


def furniture() -> list[tuple[str, str]]:
    """Room and module of every entry under *Furniture*."""
    entries = re.findall(r"^\* `(\w+)/`: (.*?)(?=^\* |^A room)", TEXT, re.MULTILINE | re.DOTALL)
    return [(room, module) for room, entry in entries for module in re.findall(r"`(\w+\.py)`", entry)]


def linter() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def test_every_room_is_named() -> None:
    assert sorted(rooms()) == sorted(linter()["root_packages"])


@pytest.mark.parametrize(("room", "module"), furniture())
def test_the_module_is_in_its_room(room: str, module: str) -> None:
    assert (ROOT / room / module).is_file()


def test_furniture_is_found_in_the_text() -> None:
    assert {"migrations_store", "environments", "jobs", "runner", "config"} <= {room for room, _ in furniture()}


@pytest.mark.parametrize("path", re.findall(r"`([\w/]+/[\w/]+\.(?:py|html))`", TEXT))
def test_every_path_exists(path: str) -> None:
    assert (ROOT / path).is_file()


def test_the_drawing_has_the_layers_of_the_linter() -> None:
    drawing = TEXT.split("## Arrows")[1].split("```")[1]
    layers = next(contract["layers"] for contract in linter()["contracts"] if contract["name"] == LAYERS)
    drawn = [word for word in re.findall(r"\b[a-z_]{4,}\b|api", drawing) if word in rooms() and word != "runner"]
    assert drawn == [room for layer in layers for room in layer.split(" | ")]
