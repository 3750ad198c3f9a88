"""Broken and hostile projects are answered with a sentence, or with a history that has faults: nothing fails, hangs or is executed."""

import time
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from environments import services as environments
from environments.models import Database, Environment
from tests.api.conftest import Api, problem_of
from tests.security.conftest import Witness
from tests.security.hostile import GRAPHS, PROJECTS, Change
from tests.support.figures import note

LIMIT = 30.0
CASES = PROJECTS | GRAPHS
REFUSED: dict[str, bool] = {}


def make(root: Path, change: Change) -> None:
    if callable(change):
        change(root)
        return
    for name, content in change.items():
        (root / name).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))


def register(api: Api, witness: Witness, root: Path) -> Any:
    with witness.watching() as seen:
        answer = api.call("POST", "/projects", {"slug": "hostile", "source": {"kind": "directory", "path": str(root)}})
    assert seen == []
    return answer


@pytest.mark.parametrize("name", CASES)
def test_project_is_answered_with_a_sentence_or_its_faults(
    api: Api, witness: Witness, root: Path, tmp_path: Path, admin: User, dev: Environment, name: str
) -> None:
    make(root, CASES[name])
    begun = time.monotonic()
    answer = register(api, witness, root)
    REFUSED[name] = answer.status_code != 201
    if answer.status_code == 201:
        look_at_everything(api, admin, tmp_path)
    else:
        assert problem_of(answer)["status"] == 422
    assert "Traceback" not in answer.content.decode()
    assert time.monotonic() - begun < LIMIT
    assert not Path("/tmp/security-ran").exists()


def look_at_everything(api: Api, admin: User, place: Path) -> None:
    """The history, each page of it, and plans for a database of it."""
    (place / "x.db").touch()
    database = api.post("/databases", {"project": "hostile", "environment": "dev", "url": f"sqlite:///{place}/x.db"})["id"]
    environments.check_database_now(Database.objects.get())
    client = Client(raise_request_exception=False)
    client.force_login(admin)
    graph = api.get("/projects/hostile/revisions?limit=50")
    assert graph["count"] >= 0
    addresses = ["/", "/projects/hostile/", f"/databases/{database}/", f"/databases/{database}/plans/new?command=upgrade"]
    for address in addresses:
        page = client.get(address)
        assert page.status_code == 200, address
        assert "Traceback" not in page.content.decode()
    for command, revision in (("upgrade", "head"), ("upgrade", "heads"), ("stamp", "head")):
        plan = client.post(f"/databases/{database}/plans/new", {"command": command, "revision": revision})
        assert plan.status_code < 500, plan.content


@pytest.mark.parametrize("name", GRAPHS)
def test_every_fault_has_a_sentence(api: Api, root: Path, name: str) -> None:
    make(root, GRAPHS[name])
    answer = api.call("POST", "/projects", {"slug": "hostile", "source": {"kind": "directory", "path": str(root)}})
    snapshot = api.call("POST", "/projects/hostile/snapshots")
    if answer.status_code == 201:
        for warning in snapshot.json()["warnings"]:
            assert len(warning["message"]) > 15
            assert warning["message"].endswith((".", "?"))


def test_count_of_projects() -> None:
    refused, counts = sum(REFUSED.values()), f"{len(PROJECTS)} projects and {len(GRAPHS)} histories"
    note(f"hostile {counts}: {refused} of {len(REFUSED)} refused with a sentence, the others shown; none failed, hung or was executed")
