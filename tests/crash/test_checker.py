"""The checker sees a violation of each invariant, and none where all is well."""

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crash import checker
from crash.checker import Told
from crash.lanes import Lane, Request
from crash.shapes import shapes
from crash.targets import Facts

PLAIN, LIAR, TWIN = (next(shape for shape in shapes("postgresql") if shape.name == name) for name in ("plain", "liar", "twin"))
LANE = Lane("plain_0", PLAIN, ["profile"])
DONE = Facts(["a3"], ["t_a1", "t_a2", "t_a3"], [("a1", "7"), ("a2", "7"), ("a3", "7")])
NOTHING = Facts([], [], [])
STEPS = [{"revision": id, "direction": "upgrade", "status": "succeeded"} for id in ("a1", "a2", "a3")]
ROW = {"status": "succeeded", "database_state": "at_target", "heads_after": ["a3"], "line_count": 5}
GOOD = Told(
    ROW, STEPS, ["job.request", "job.start", "job.finish"], [(1, 2, 2), (3, 5, 3)], ["a1", "a2", "a3"], [], ["a3"], ["a3"], "up_to_date"
)
UNCHANGED = replace(
    GOOD,
    row={"status": "failed", "database_state": "unchanged", "heads_after": [], "line_count": 5},
    steps=[step | {"status": "skipped"} for step in STEPS],
    current=[],
    state="uninitialised",
)


def request(**row: Any) -> Request:
    return Request("profile", "upgrade", Future(), 0.0, id=1, row=row)


def seen(told: Told, facts: Facts, lane: Lane = LANE) -> set[tuple[str, str]]:
    return {(found.invariant, found.kind) for found in checker.job(request(), told, facts, lane, alone=True)}


@pytest.mark.parametrize(("told", "facts"), [(GOOD, DONE), (UNCHANGED, NOTHING)])
def test_job_that_tells_the_truth_is_no_violation(told: Told, facts: Facts) -> None:
    assert seen(told, facts) == set()
    assert checker.effects(LANE, facts) == []


@pytest.mark.parametrize(
    ("invariant", "kind", "told", "facts"),
    [
        ("I3", "wrong_verdicts", GOOD, Facts(["a2"], ["t_a1", "t_a2"], [])),
        ("I3", "wrong_verdicts", replace(GOOD, row=ROW | {"database_state": "partial"}), DONE),
        ("I4", "wrong_verdicts", UNCHANGED, DONE),
        ("I4", "wrong_verdicts", UNCHANGED, Facts([], ["t_a1"], [])),
        ("I4", "wrong_verdicts", replace(GOOD, row=ROW | {"status": "failed", "heads_after": ["a1"]}), DONE),
        ("I4", "wrong_verdicts", replace(GOOD, row=ROW | {"status": "failed", "database_state": "partial"}), DONE),
        ("I4", "wrong_verdicts", replace(GOOD, current=["a1"]), DONE),
        ("I4", "wrong_verdicts", replace(GOOD, steps=[*STEPS[:2], STEPS[2] | {"status": "skipped"}]), DONE),
        ("I4", "wrong_verdicts", replace(GOOD, steps=[STEPS[0] | {"direction": "downgrade"}, *STEPS[1:]]), DONE),
        ("I6", "double_applied", replace(GOOD, actions=["job.request", "job.start", "job.start", "job.finish"]), DONE),
        ("I7", "wrong_verdicts", replace(GOOD, actions=["job.request", "job.start"]), DONE),
        ("I7", "wrong_verdicts", replace(GOOD, actions=["job.request", "job.start", "job.finish", "job.finish"]), DONE),
        ("I7", "wrong_verdicts", replace(GOOD, actions=["job.start", "job.finish"]), DONE),
        ("I8", "wrong_verdicts", replace(GOOD, chunks=[(1, 2, 2), (4, 5, 2)]), DONE),
        ("I8", "wrong_verdicts", replace(GOOD, chunks=[(1, 2, 2), (2, 5, 4)]), DONE),
        ("I8", "wrong_verdicts", replace(GOOD, chunks=[(1, 2, 2)]), DONE),
        ("I8", "wrong_verdicts", replace(GOOD, chunks=[(1, 2, 2), (3, 5, 2)]), DONE),
    ],
)
def test_job_sees_each_violation(invariant: str, kind: str, told: Told, facts: Facts) -> None:
    assert (invariant, kind) in seen(told, facts)


def test_job_sees_a_lying_env_that_counts_as_success() -> None:
    told = replace(GOOD, row=ROW | {"heads_after": ["l2"]}, steps=[], goal=["l2"], current=["l2"])
    lane = Lane("liar_0", LIAR, ["profile"])
    assert seen(told, Facts(["l2"], ["t_l1", "t_l2"], []), lane) == {("I3", "wrong_verdicts")}


@pytest.mark.parametrize(("invariant", "effects"), [("I2", [("a1", "7"), ("a1", "8")]), ("I9", [("zz", "7")])])
def test_effects_sees_what_was_applied_twice_or_not_planned(invariant: str, effects: list[tuple[str, str]]) -> None:
    found = checker.effects(LANE, replace(DONE, effects=effects))
    assert [(violation.invariant, violation.kind) for violation in found] == [(invariant, "double_applied")]


@pytest.mark.parametrize(
    ("effects", "count"),
    [
        ([("w1", "7"), ("w1.done", "7"), ("w2", "7")], 0),
        ([("w1", "7"), ("w1", "8"), ("w1.done", "8")], 0),  # the first was killed
        ([("w1", "7"), ("w1", "8"), ("w1.done", "7"), ("w1.done", "8")], 1),
        ([("w1", "7"), ("w1", "8"), ("w1.done", "7")], 1),
        ([("w1", "7"), ("w1", "7"), ("w1.done", "7")], 1),
    ],
)
def test_effects_tells_two_at_once_from_one_after_the_other(effects: list[tuple[str, str]], count: int) -> None:
    lane = Lane("twin_0", TWIN, ["profile", "again"])
    assert [found.kind for found in checker.effects(lane, replace(DONE, effects=effects))] == ["double_applied"] * count


def test_overdue_counts_every_job_without_an_end_as_lost() -> None:
    assert [found.kind for found in checker.overdue([request(status="running"), request()])] == ["lost", "lost"]


def test_remains_counts_locks_and_processes() -> None:
    assert [found.kind for found in checker.remains(["lock"], ["runner 7", "runner 8"])] == [
        "locks_left",
        "processes_left",
        "processes_left",
    ]


@pytest.mark.parametrize("engine", ["postgresql", "mariadb", "sqlite"])
def test_shapes_leave_the_tables_that_the_checker_expects(engine: str, tmp_path: Path) -> None:
    for shape in shapes(engine):
        shape.write(tmp_path)
        written = {path.stem for path in (shape.root / "migrations" / "versions").glob("*.py")}
        assert written == set(shape.revisions)
        assert set(shape.tables(len(shape.revisions))) <= {f"t_{id}" for id in shape.revisions}
