"""A project of three revisions for each test."""

from pathlib import Path

import pytest

from tests.runner.projects import World, table


@pytest.fixture
def empty(tmp_path: Path) -> World:
    """A project without revisions."""
    return World(tmp_path / "project")


@pytest.fixture
def world(empty: World) -> World:
    """one, two, three: each makes a table of its name."""
    for name in ("one", "two", "three"):
        empty.revision(name, table(name), f'op.drop_table("{name}")')
    return empty
