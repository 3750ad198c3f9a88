"""Four public histories through a running server: what it shows and says is what Alembic and the databases themselves say."""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from config.embedded import EmbeddedPostgres
from tests.real_cases.cases import AIRFLOW, CASES, KEYSTONE, OPTUNA, QUETZ, Case
from tests.support import figures
from tests.support.dashboard import Api

pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.timeout(900)]
COMPARED = ("down_revisions", "depends_on", "branch_labels", "is_head", "is_effective_head", "is_base", "is_merge", "is_branch_point")


class Target:
    """One database of a case: registered, and read behind the dashboard's back."""

    def __init__(self, api: Api, case: Case, kind: str, name: str, url: str, connect: Callable[[], Any]) -> None:
        self.api, self.case, self.kind, self.connect = api, case, kind, connect
        body = {"project": case.name, "environment": "dev", "name": name, "url": url}
        self.id = api.post("/databases", body)["id"]

    def run(self, command: str, revision: str) -> dict[str, Any]:
        started = time.monotonic()
        job = self.api.run(self.id, command, revision, timeout=300)
        figures.note(f"{self.case} on {self.kind}: {command} {revision} {job['status']} in {time.monotonic() - started:.1f} s")
        return job

    def version(self) -> list[str]:
        """The rows of the version table, in order; none if there is no table."""
        return sorted(row[0] for row in self.ask("SELECT version_num FROM alembic_version")) if "alembic_version" in self.tables() else []

    def tables(self) -> set[str]:
        catalog = "sqlite_master WHERE type = 'table'" if self.kind == "SQLite" else "pg_tables WHERE schemaname = 'public'"
        return {row[0] for row in self.ask(f"SELECT {'name' if self.kind == 'SQLite' else 'tablename'} FROM {catalog}")}

    def ask(self, statement: str) -> list[Any]:
        with contextlib.closing(self.connect()) as connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            return list(cursor.fetchall())

    def state(self) -> str:
        return str(self.api.get(f"/databases/{self.id}")["state"])


@pytest.fixture
def on_sqlite(api: Api, registered: Callable[[Case], Any], tmp_path: Path) -> Callable[[Case], Target]:
    def add(case: Case) -> Target:
        registered(case)
        path = tmp_path / f"{case}.db"
        path.touch()
        return Target(api, case, "SQLite", tmp_path.name, f"sqlite:///{path}", lambda: sqlite3.connect(path))

    return add


@pytest.fixture
def on_postgresql(
    api: Api, registered: Callable[[Case], Any], postgres: EmbeddedPostgres, tmp_path: Path
) -> Iterator[Callable[[Case], Target]]:
    name = tmp_path.name

    def add(case: Case) -> Target:
        registered(case)
        url = postgres.create_database(name)
        return Target(api, case, "PostgreSQL", name, url, lambda: psycopg2.connect(url.replace("+psycopg2", "")))

    yield add
    postgres.drop_database(name)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_graph_is_what_alembic_sees(api, registered, case):
    project = registered(case)
    told = case.as_alembic_sees_it()
    shown = api.get(f"/projects/{case.name}/revisions?limit=1")
    found = {
        item["revision"]: {name: sorted(item[name]) if isinstance(item[name], list) else item[name] for name in COMPARED}
        for item in api.every(f"/projects/{case.name}/revisions")
    }
    assert found == told["revisions"]
    assert (sorted(shown["heads"]), sorted(shown["bases"])) == (told["heads"], told["bases"])
    assert (shown["count"], project["snapshot"]["revision_count"]) == (case.revisions, case.revisions)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_upgrade_on_sqlite_reaches_heads(on_sqlite, case):
    target = on_sqlite(case)
    heads = case.as_alembic_sees_it()["heads"]
    job = target.run("upgrade", "heads")
    assert (job["status"], job["database_state"], job["error"]) == ("succeeded", "at_target", None)
    assert sorted(job["heads_after"]) == target.version() == heads
    assert [step["status"] for step in job["steps"]] == ["succeeded"] * case.revisions
    assert target.state() == "up_to_date"


@pytest.mark.postgresql
@pytest.mark.parametrize("case", [OPTUNA, AIRFLOW, KEYSTONE], ids=str)
def test_upgrade_on_postgresql_reaches_heads(on_postgresql, case):
    target = on_postgresql(case)
    heads = case.as_alembic_sees_it()["heads"]
    job = target.run("upgrade", "heads")
    assert (job["status"], job["database_state"], job["error"]) == ("succeeded", "at_target", None)
    assert sorted(job["heads_after"]) == target.version() == heads
    assert target.state() == "up_to_date"


@pytest.mark.postgresql
def test_quetz_upgrade_on_postgresql_without_icu_is_rolled_back(on_postgresql):
    """One of its revisions creates an ICU collation, and the server that the tests bring was built without ICU."""
    target = on_postgresql(QUETZ)
    job = target.run("upgrade", "heads")
    assert (job["status"], job["database_state"], job["heads_after"]) == ("failed", "unchanged", [])
    assert "ICU is not supported" in job["error"]["why"]
    assert (target.version(), target.tables()) == ([], set())
    assert target.state() == "uninitialised"


@pytest.mark.parametrize(
    ("case", "stopped_at", "place"),
    [
        (OPTUNA, "v3.0.0.c", "alembic/versions/v3.0.0.c.py, line 191"),
        (QUETZ, "0653794b6252", "migrations/versions/0653794b6252_adding_url_and_platforms_dirs.py"),
    ],
    ids=["optuna", "quetz-server"],
)
def test_downgrade_on_sqlite_stops_half_way(on_sqlite, case, stopped_at, place):
    target = on_sqlite(case)
    assert target.run("upgrade", "heads")["status"] == "succeeded"
    job = target.run("downgrade", "base")
    assert (job["status"], job["database_state"]) == ("failed", "partial")
    assert job["heads_after"] == target.version() == [stopped_at]
    assert place in job["error"]["why"]
    assert [step["revision"] for step in job["steps"] if step["status"] == "failed"] == [stopped_at]


@pytest.mark.postgresql
def test_optuna_downgrade_on_postgresql_is_rolled_back(on_postgresql):
    target = on_postgresql(OPTUNA)
    assert target.run("upgrade", "heads")["status"] == "succeeded"
    job = target.run("downgrade", "base")
    assert (job["status"], job["database_state"]) == ("failed", "unchanged")
    assert job["heads_after"] == target.version() == ["v3.2.0.a"]
    assert [step["revision"] for step in job["steps"] if step["status"] == "succeeded"] == []


def test_keystone_without_downgrades_says_so(on_sqlite):
    target = on_sqlite(KEYSTONE)
    assert target.run("upgrade", "heads")["status"] == "succeeded"
    before = target.version()
    job = target.run("downgrade", "base")
    assert (job["status"], job["database_state"]) == ("failed", "unchanged")
    assert target.version() == before
    assert job["error"]["why"].startswith("Revision 742c857f1dfb has no downgrade(), so this step cannot be run.")


def test_airflow_logs_on_standard_output(api, on_sqlite):
    target = on_sqlite(AIRFLOW)
    job = target.run("upgrade", "4bc4d934e2bc")
    assert (job["status"], target.version()) == ("succeeded", ["4bc4d934e2bc"])
    lines = api.log(job["id"]).splitlines()
    assert any(" stdout " in line and "Running upgrade" in line for line in lines)
