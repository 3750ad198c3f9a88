"""Every answer is compared with what Alembic itself says of the same files."""

import random
import re
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from migrations_store.errors import ResolutionError
from migrations_store.graph import Graph
from migrations_store.resolution import resolve
from tests.migrations_store.histories import Rev, after, asked, ours, theirs, write

# --- random histories: the seed is all that is needed to see one again

LABELS = ["blue", "green", "None", "x"]
COMMANDS = ["upgrade", "downgrade", "stamp"]
NUMBERS = ["+1", "-1", "+2", "-2", "+3", "-3"]


def some_id(chance: random.Random) -> str:
    """Short and odd ones often, so that one is the beginning of another."""
    if chance.random() < 0.5:
        return chance.choice("ab1") + "".join(chance.choices("ab1.", k=chance.randint(0, 5)))
    return "".join(chance.choices("01", k=12))


def history(chance: random.Random) -> list[Rev]:
    """In a possible order; merges, several bases, dependencies by id and by label, and labels."""
    labels, found = chance.sample(LABELS, k=len(LABELS)), list[Rev]()
    for id in {some_id(chance): None for _ in range(chance.randint(1, 10))}:
        names = [revision.id for revision in found]
        known = names + [label for revision in found for label in revision.labels]
        down = chance.sample(names, k=min(len(names), chance.choice([0, 1, 1, 1, 1, 2, 3])))
        depends = chance.sample(known, k=min(len(known), chance.choice([0, 0, 0, 1, 2])))
        own = [labels.pop() for _ in range(chance.choice([0, 0, 0, 1, 2])) if labels]
        found.append(Rev(id, tuple(down), tuple(depends), tuple(own)))
    return found


def targets(chance: random.Random, revisions: list[Rev]) -> list[str]:
    ids = [revision.id for revision in revisions]
    names = ids + [label for revision in revisions for label in revision.labels]
    parts = [id[: chance.randint(1, len(id))] for id in ids]
    plain = [*ids, *parts, "head", "heads", "base", *NUMBERS]
    from_one = [chance.choice([*ids, *parts]) + number for number in NUMBERS]
    in_branch = [f"{chance.choice(names)}@{chance.choice([*plain, *from_one])}" for _ in range(12)]
    return chance.sample([*plain, *from_one, *in_branch], k=12)


def places(chance: random.Random, scripts: ScriptDirectory, revisions: list[Rev]) -> list[list[str]]:
    """What a version table may hold after some commands of Alembic's own."""
    found: list[list[str]] = [[]]
    for _ in range(6):
        target = chance.choice([*[revision.id for revision in revisions], "heads"])
        try:
            found.append(after(found[-1], asked(scripts, chance.choice(COMMANDS), target, found[-1])))
        except (CommandError, AssertionError, KeyError):
            continue
    return found


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


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.filterwarnings("ignore")
def test_resolve_says_what_alembic_says(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    revisions = history(chance)
    root = write(tmp_path, revisions)
    graph, scripts = ours(root), theirs(root)
    assert not graph.faults
    for current, command, target in product(places(chance, scripts, revisions), COMMANDS, targets(chance, revisions)):
        expected, found = answer_of_alembic(scripts, command, target, current), answer_of_ours(graph, command, target, current)
        if isinstance(found, ResolutionError):
            assert expected is None or found.code in ("multiple_heads", "overlapping"), (command, target, current, revisions, found)
        else:
            assert found == expected, (command, target, current, revisions)


# --- words of a refusal

FORKED = [Rev("one"), Rev("left", ("one",)), Rev("right", ("one",)), Rev("merged", ("left", "right")), Rev("last", ("merged",))]


@pytest.mark.parametrize(
    ("command", "target", "current", "named"),
    [
        ("upgrade", "one+1", [], "left, right"),
        ("upgrade", "+2", [], "left, right"),
        ("upgrade", "+1", ["one"], "left, right"),
        ("downgrade", "-1", ["merged"], "left, right"),
        ("downgrade", "merged-1", ["last"], "left, right"),
    ],
)
def test_a_walk_that_comes_to_a_fork_names_the_ways(tmp_path: Path, command: str, target: str, current: list[str], named: str) -> None:
    graph = ours(write(tmp_path, FORKED))
    with pytest.raises(ResolutionError, match=rf"comes to a fork: it could be {named}\.") as refused:
        resolve(graph, command, target, current)
    assert refused.value.code == "ambiguous_revision"


def test_a_branch_whose_label_is_computed_is_not_said_to_be_missing(tmp_path: Path) -> None:
    root = write(tmp_path, FORKED)
    path = root / "migrations" / "versions" / "left.py"
    path.write_text("from elsewhere import EXPAND\n" + re.sub(r"branch_labels = .*", "branch_labels = EXPAND", path.read_text()))
    with pytest.raises(ResolutionError, match=r"compute their branch labels when they are imported.* Name the revision\."):
        resolve(ours(root), "upgrade", "expand@head", [])
