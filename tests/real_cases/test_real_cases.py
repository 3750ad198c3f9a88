"""Four public histories through a running server: what it shows and says is what Alembic and the databases themselves say."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from config.embedded import EmbeddedPostgres
from tests.real_cases.cases import AIRFLOW, CASES, KEYSTONE, OPTUNA, QUETZ, Case
from tests.support import figures
from tests.support.dashboard import Api
from tests.support.targets import Target

pytestmark = [pytest.mark.slow, pytest.mark.real, pytest.mark.timeout(900)]
COMPARED = ("down_revisions", "depends_on", "branch_labels", "is_head", "is_effective_head", "is_base", "is_merge", "is_branch_point")


class Subject:
    """One database of a case, registered."""

    def __init__(self, api: Api, case: Case, name: str, target: Target) -> None:
        self.api, self.case, self.target = api, case, target
        self.id = api.post("/databases", {"project": case.name, "environment": "dev", "name": name, "url": target.url})["id"]

    def run(self, command: str, revision: str) -> dict[str, Any]:
        started = time.monotonic()
        job = self.api.run(self.id, command, revision, timeout=300)
        figures.note(f"{self.case} on {self.target.kind}: {command} {revision} {job['status']} in {time.monotonic() - started:.1f} s")
        return job

    @property
    def version(self) -> list[str]:
        return self.target.version

    @property
    def state(self) -> str:
        return str(self.api.get(f"/databases/{self.id}")["state"])


Add = Callable[[Case], Subject]


@pytest.fixture
def on_sqlite(api: Api, registered: Callable[[Case], Any], tmp_path: Path) -> Add:
    def add(case: Case) -> Subject:
        registered(case)
        return Subject(api, case, tmp_path.name, Target.sqlite(tmp_path / f"{case}.db"))

    return add


@pytest.fixture
def on_postgresql(api: Api, registered: Callable[[Case], Any], postgres: EmbeddedPostgres, tmp_path: Path) -> Iterator[Add]:
    def add(case: Case) -> Subject:
        registered(case)
        return Subject(api, case, tmp_path.name, Target.postgresql(postgres.create_database(tmp_path.name)))

    yield add
    postgres.drop_database(tmp_path.name)


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
    subject = on_sqlite(case)
    heads = case.as_alembic_sees_it()["heads"]
    job = subject.run("upgrade", "heads")
    assert (job["status"], job["database_state"], job["error"]) == ("succeeded", "at_target", None)
    assert sorted(job["heads_after"]) == subject.version == heads
    assert [step["status"] for step in job["steps"]] == ["succeeded"] * case.revisions
    assert subject.state == "up_to_date"


@pytest.mark.postgresql
@pytest.mark.parametrize("case", [OPTUNA, AIRFLOW, KEYSTONE], ids=str)
def test_upgrade_on_postgresql_reaches_heads(on_postgresql, case):
    subject = on_postgresql(case)
    heads = case.as_alembic_sees_it()["heads"]
    job = subject.run("upgrade", "heads")
    assert (job["status"], job["database_state"], job["error"]) == ("succeeded", "at_target", None)
    assert sorted(job["heads_after"]) == subject.version == heads
    assert subject.state == "up_to_date"


@pytest.mark.postgresql
def test_quetz_upgrade_on_postgresql_without_icu_is_rolled_back(on_postgresql):
    """One of its revisions creates an ICU collation, and the server that the tests bring was built without ICU."""
    subject = on_postgresql(QUETZ)
    job = subject.run("upgrade", "heads")
    assert (job["status"], job["database_state"], job["heads_after"]) == ("failed", "unchanged", [])
    assert "ICU is not supported" in job["error"]["why"]
    assert (subject.version, subject.target.tables) == ([], [])
    assert subject.state == "uninitialised"


@pytest.mark.parametrize(
    ("case", "stopped_at", "place"),
    [
        (OPTUNA, "v3.0.0.c", "alembic/versions/v3.0.0.c.py, line 191"),
        (QUETZ, "0653794b6252", "migrations/versions/0653794b6252_adding_url_and_platforms_dirs.py"),
    ],
    ids=["optuna", "quetz-server"],
)
def test_downgrade_on_sqlite_stops_half_way(on_sqlite, case, stopped_at, place):
    subject = on_sqlite(case)
    assert subject.run("upgrade", "heads")["status"] == "succeeded"
    job = subject.run("downgrade", "base")
    assert (job["status"], job["database_state"]) == ("failed", "partial")
    assert job["heads_after"] == subject.version == [stopped_at]
    assert place in job["error"]["why"]
    assert [step["revision"] for step in job["steps"] if step["status"] == "failed"] == [stopped_at]


@pytest.mark.postgresql
def test_optuna_downgrade_on_postgresql_is_rolled_back(on_postgresql):
    subject = on_postgresql(OPTUNA)
    assert subject.run("upgrade", "heads")["status"] == "succeeded"
    job = subject.run("downgrade", "base")
    assert (job["status"], job["database_state"]) == ("failed", "unchanged")
    assert job["heads_after"] == subject.version == ["v3.2.0.a"]
    assert [step["revision"] for step in job["steps"] if step["status"] == "succeeded"] == []


def test_keystone_without_downgrades_says_so(on_sqlite):
    subject = on_sqlite(KEYSTONE)
    assert subject.run("upgrade", "heads")["status"] == "succeeded"
    before = subject.version
    job = subject.run("downgrade", "base")
    assert (job["status"], job["database_state"]) == ("failed", "unchanged")
    assert subject.version == before
    assert job["error"]["why"].startswith("Revision 742c857f1dfb has no downgrade(), so this step cannot be run.")


def test_airflow_logs_on_standard_output(api, on_sqlite):
    subject = on_sqlite(AIRFLOW)
    job = subject.run("upgrade", "4bc4d934e2bc")
    assert (job["status"], subject.version) == ("succeeded", ["4bc4d934e2bc"])
    lines = api.log(job["id"]).splitlines()
    assert any(" stdout " in line and "Running upgrade" in line for line in lines)
