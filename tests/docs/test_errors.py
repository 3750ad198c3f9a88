"""docs/errors.md explains every code that people and programs can meet, in the words of the code."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest

from api import problems
from config.errors import Refused
from environments.causes import WORDS
from jobs import explanations, reaper
from jobs.explanations import Explanation
from jobs.models import OutcomeState

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/errors.md").read_text()
SECTION = re.compile(r"^### `([\w-]+)` · (.+?)\n(.*?)(?=^##)", re.MULTILINE | re.DOTALL)
SECTIONS = {code: (title, " ".join(body.split())) for code, title, body in SECTION.findall(TEXT)}
ROOMS = ("accounts.errors", "api.parsing", "config.serve", "config.demo", "environments.errors", "jobs.errors", "migrations_store.errors")


def catalogue() -> list[Explanation]:
    found = [*explanations.CATALOGUE, *explanations.OURS.values(), explanations.OTHER]
    return list({entry.code: entry for entry in reversed(found)}.values())


def part(heading: str) -> str:
    return TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]


def in_first_column(heading: str) -> set[str]:
    rows = re.findall(r"^\| (`.+?) \|", part(heading), re.MULTILINE)
    return {code for row in rows for code in re.findall(r"`(\w+)`", row)}


def codes_in(room: str, *names: str, place: int = 0) -> set[str]:
    """The texts that a room's code gives to these classes and functions as their argument at `place`."""
    calls = [node for path in (ROOT / room).glob("*.py") for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    given = [call.args[place] for call in calls if called(call) in names and len(call.args) > place]
    return {str(node.value) for node in given if isinstance(node, ast.Constant)}


def called(call: ast.Call) -> str:
    return str(getattr(call.func, "id", getattr(call.func, "attr", "")))


def test_every_explanation_has_its_section_and_no_other() -> None:
    assert set(SECTIONS) == {entry.code for entry in catalogue()} | {"worker_lost"}


@pytest.mark.parametrize("entry", catalogue(), ids=lambda entry: entry.code)
def test_a_section_has_the_words_of_the_explanation(entry: Explanation) -> None:
    title, body = SECTIONS[entry.code]
    assert title == entry.title
    assert body.partition("**Next:** ")[2] == " ".join(entry.next)


@pytest.mark.parametrize("code", SECTIONS)
def test_a_section_tells_the_state_of_the_database(code: str) -> None:
    assert "**The database:** " in SECTIONS[code][1]


def test_the_lost_worker_has_the_reapers_code() -> None:
    assert reaper._error("why", "state", [])["code"] in SECTIONS


def test_every_database_state_of_a_job_is_told() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", TEXT.split("## ")[0], re.MULTILINE)) - {"database_state"} == set(OutcomeState.values)


def test_every_cause_of_an_unread_database_is_told() -> None:
    raised = codes_in("environments", "Unreachable") | codes_in("config", "HostRefused")
    assert in_first_column("Why a database cannot be read") == set(WORDS) | raised | {"secret_unreadable"}


def test_every_fault_of_code_is_told() -> None:
    raised = codes_in("migrations_store", "Fault", "_fault", "Warned", "_warn") | {"cycle", "self_loop"}
    assert in_first_column("What can be wrong with a project's code") == raised


def test_every_refusal_is_told() -> None:
    for room in ROOMS:
        importlib.import_module(room)
    codes = {kind.code for kind in subclasses(Refused)} | {Refused.code, "unresolvable"}
    codes |= codes_in("migrations_store", "ResolutionError", place=1)
    assert codes <= in_first_column("Answers of the API") | {"demo_failed", "cannot_serve"}


def subclasses(kind: type[Refused]) -> set[type[Refused]]:
    below = set(kind.__subclasses__())
    return below.union(*(subclasses(one) for one in below)) if below else below


@pytest.mark.parametrize("status", [*problems.SENTENCES, 501])
def test_every_answer_of_the_frame_is_told(status: int) -> None:
    assert json.loads(problems._plain(status).content)["code"] in in_first_column("Answers of the API")
