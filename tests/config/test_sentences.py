"""Which texts of the code are sentences for people, and in which shapes they come."""

import ast
from pathlib import Path

import pytest

from config.sentences import ROOMS, _Reader, sources

ROOT = Path(__file__).resolve().parents[2]
KEPT = [
    ('raise Refused("Nothing was run.")', ["Nothing was run."]),
    ('say(f"Job {job.pk} on {job.database} was rejected.")', ["Job {0} on {1} was rejected."]),
    ('say(f"{a}{b} could not be read.")', ["{0} could not be read."]),
    ('say("{path} cannot be read: {error}.")', ["{0} cannot be read: {1}."]),
    ("""say(f"It holds {n} row{'' if n == 1 else 's'}.")""", ["It holds {n} row. | It holds {n} rows."]),
    ("""say("1 file differs" if len(x) == 1 else f"{len(x)} files differ")""", ["1 file differs | {n} files differ"]),
    ("""say(f"It is open{f' until {end}' if end else ''}.")""", ["It is open until {0}.", "It is open."]),
    ("""say(f"{'an' if v else 'a'} x of {'these' if v else 'those'} rows")""", ["an x of these rows", "a x of those rows"]),
    ("class State(TextChoices):\n    DONE = 'done', 'Done'", ["Done"]),
    ("def f(x):\n    why = 'it is late' if x else 'it is early'\n    return f'Not now: {why}.'",
     ["it is late", "it is early", "Not now: it is late.", "Not now: it is early."]),
]  # fmt: skip
LEFT = [
    '"""A docstring of words."""', 'logger.warning("it could not be sent to %s", x)', 're.compile("not a word")',
    'connection.execute("SELECT a FROM b where c")', 'X = "SELECT a FROM b where c"', 'X = "op.drop_table(a, b)"',
    'x: "list[a, b]" = []', 'field = CharField(help_text="As the user typed it.")', 'X = "slug-without-words"',
    'X = "a line\\nand another"',
]  # fmt: skip


def found(source: str) -> list[str]:
    entries = _Reader(ast.parse(source)).entries()
    return [entry.msgid + (f" | {entry.plural}" if entry.plural else "") for entry in entries]


@pytest.mark.parametrize(("source", "expected"), KEPT, ids=range(len(KEPT)))
def test_a_sentence_is_found_in_each_shape_it_can_take(source: str, expected: list[str]) -> None:
    assert found(source) == expected


@pytest.mark.parametrize("source", LEFT)
def test_what_no_person_reads_is_left_out(source: str) -> None:
    assert found(source) == []


def test_every_room_below_the_faces_is_read() -> None:
    read = {path.relative_to(ROOT).parts[0] for path in sources(ROOT)}

    assert read == set(ROOMS)
