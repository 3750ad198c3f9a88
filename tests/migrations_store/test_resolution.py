"""Every answer is compared with what Alembic itself says of the same files."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from hypothesis import given, note, settings
from hypothesis import strategies as st

from migrations_store.errors import ResolutionError
from migrations_store.graph import Graph
from migrations_store.resolution import resolve
from tests.migrations_store.histories import Rev, after, asked, ours, theirs, write

# --- random histories

IDS = st.text("ab1.", min_size=1, max_size=6).filter(lambda id: not id.startswith(".")) | st.text(
    "0123456789abcdef", min_size=12, max_size=12
)
LABELS = ("blue", "green", "None", "x")


@dataclass(frozen=True)
class World:
    """One history, seen by both."""

    revisions: list[Rev]
    graph: Graph
    scripts: ScriptDirectory


@st.composite
def histories(draw: st.DrawFn) -> list[Rev]:
    """In a possible order; merges, several bases, dependencies by id and by label, and labels."""
    ids = draw(st.lists(IDS, min_size=1, max_size=10, unique=True))
    labels = [label for label in LABELS if label not in ids]
    found: list[Rev] = []
    for id in ids:
        names = [revision.id for revision in found]
        known = [label for revision in found for label in revision.labels]
        few = st.sampled_from([0, 1, 1, 1, 1, 2, 3])
        down = draw(st.permutations(names))[: draw(few)]
        depends = draw(st.permutations(names + known))[: draw(st.sampled_from([0, 0, 0, 1, 2]))]
        own = tuple(labels.pop() for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))) if labels)
        found.append(Rev(id, tuple(down), tuple(depends), own))
    return found


@st.composite
def targets(draw: st.DrawFn, revisions: list[Rev]) -> str:
    ids = [revision.id for revision in revisions]
    names = ids + [label for revision in revisions for label in revision.labels]
    number = draw(st.sampled_from(["+1", "-1", "+2", "-2", "+3", "-3"]))
    plain = draw(st.sampled_from([*ids, "head", "heads", "base", number]))
    id, name = draw(st.sampled_from(ids)), draw(st.sampled_from(names))
    part = id[: draw(st.integers(1, len(id)))]
    return draw(
        st.sampled_from([plain, plain, part, id + number, part + number, f"{name}@{plain}", f"{name}@{part}", f"{name}@{id}{number}"])
    )


@st.composite
def places(draw: st.DrawFn, scripts: ScriptDirectory, revisions: list[Rev]) -> list[str]:
    """What a version table may hold after some commands of Alembic's own."""
    current: list[str] = []
    for _ in range(draw(st.integers(0, 3))):
        command = draw(st.sampled_from(["upgrade", "upgrade", "downgrade", "stamp"]))
        target = draw(st.sampled_from([*[revision.id for revision in revisions], "heads"]))
        try:
            current = after(current, asked(scripts, command, target, current))
        except (CommandError, AssertionError, KeyError):
            continue
    return current


def answer_of_alembic(scripts: ScriptDirectory, command: str, target: Any, current: Sequence[str]) -> tuple[list[Any], list[str]] | None:
    """Revisions with directions, and the rows afterwards; None where Alembic raises anything."""
    try:
        steps = asked(scripts, command, target, current)
        rows = after(current, steps)
    except Exception:  # noqa: BLE001 - a refusal of Alembic's takes many shapes
        return None
    if command == "stamp":
        return [], rows
    return [(step.revision.revision, "upgrade" if step.is_upgrade else "downgrade") for step in steps], rows


def answer_of_ours(graph: Graph, command: str, target: Any, current: Sequence[str]) -> tuple[list[Any], list[str]] | ResolutionError:
    try:
        found = resolve(graph, command, target, current)
    except ResolutionError as error:
        return error
    assert found.from_heads == sorted(current)
    steps = [] if command == "stamp" else [(step.revision, step.direction) for step in found.steps]
    return steps, found.to_heads


@settings(max_examples=300, deadline=None)
@given(st.data())
@pytest.mark.filterwarnings("ignore")
def test_resolve_says_what_alembic_says(data: st.DataObject) -> None:
    revisions = data.draw(histories())
    with tempfile.TemporaryDirectory() as folder:
        root = write(Path(folder), revisions)
        graph, scripts = ours(root), theirs(root)
    assert not graph.faults
    for _ in range(8):
        current = data.draw(places(scripts, revisions))
        command = data.draw(st.sampled_from(["upgrade", "downgrade", "stamp"]))
        target = data.draw(targets(revisions))
        expected, found = answer_of_alembic(scripts, command, target, current), answer_of_ours(graph, command, target, current)
        note(f"{command} {target} from {current}: Alembic {expected}, ours {found!r}")
        if isinstance(found, ResolutionError):
            assert expected is None or found.code == "multiple_heads"
        else:
            assert found == expected
