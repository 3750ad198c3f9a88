"""docs/api.md and the README call addresses that exist, and the page leaves none out."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from api.databases import DatabaseChanges
from api.projects import NewProject
from api.schemas import Problem
from environments.models import DatabaseState
from jobs.models import JobStatus, OutcomeState, StepStatus

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/api.md").read_text()
MENTION = re.compile(r"((?:(?:GET|POST|PUT|PATCH|DELETE)`?(?:, `|,? and `| ))+)(/api/v1/[\w{}/.-]*[\w}])")
NOUN = re.compile(r"^(?:api |.*\bapi )\"?([a-z]+)", re.MULTILINE)
OPEN = {"/api/v1/docs", "/api/v1/openapi.json"}


@pytest.fixture(scope="module")
def operations() -> set[tuple[str, str]]:
    document: dict[str, Any] = Client().get("/api/v1/openapi.json").json()
    return {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}


def mentioned(text: str) -> set[tuple[str, str]]:
    """Method and address wherever they stand together, as in `GET`, `PATCH` and `DELETE /api/v1/…`."""
    return {(method, path) for methods, path in MENTION.findall(" ".join(text.split())) for method in re.findall(r"[A-Z]+", methods)}


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.name)
def test_every_address_that_is_written_down_exists(page: Path, operations: set[tuple[str, str]]) -> None:
    assert mentioned(page.read_text()) <= operations


def test_every_operation_is_written_down(operations: set[tuple[str, str]]) -> None:
    assert operations <= mentioned(PAGE)


def test_the_examples_use_nouns_that_exist(operations: set[tuple[str, str]]) -> None:
    nouns = {path.split("/")[3] for _, path in operations}
    used = set(NOUN.findall("\n".join(re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))))
    assert used
    assert used <= nouns


@pytest.mark.parametrize("address", sorted(OPEN))
def test_the_open_addresses_ask_for_no_token(address: str) -> None:
    assert f"`{address}`" in PAGE
    assert Client().get(address).status_code == 200


def test_the_fields_of_a_project_are_written_down() -> None:
    assert set(NewProject.model_fields) <= fields_under("## Projects")


def test_the_fields_of_a_database_are_written_down() -> None:
    assert set(DatabaseChanges.model_fields) <= fields_under("## Databases")


@pytest.mark.parametrize("values", [DatabaseState.values, JobStatus.values, OutcomeState.values, StepStatus.values])
def test_every_state_is_written_down(values: list[str]) -> None:
    assert all(f"`{value}`" in PAGE for value in values)


def test_the_members_of_a_problem_are_written_down() -> None:
    told = PAGE.split("**Errors** ")[1].split("**Idempotency.**")[0]
    assert all(f'"{name}"' in told or f"`{name}`" in told for name in Problem.model_fields)


def fields_under(heading: str) -> set[str]:
    rows = re.findall(r"^\| (`.+?) \|", PAGE.split(heading + "\n")[1].split("\n## ")[0], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`(\w+)`", row)}
