"""Findings in the API: of a revision, and of a plan's steps."""

from pathlib import Path

from environments.models import Database
from migrations_store import services as store
from tests.api.conftest import Api
from tests.jobs.conftest import write_revision


def test_the_findings_of_a_revision(api: Api, root: Path, database: Database) -> None:
    write_revision(root, "four", "three", 'op.drop_column("t_three", "fax")')
    store.take_snapshot(database.project)
    first, second = api.get("/projects/shop/revisions/four")["findings"]
    assert (first["rule"], first["severity"], first["object"], first["suppressed"]) == ("AD102", "error", "t_three.fax", None)
    assert second["rule"] == "AD501"
    assert "op.drop_column" in first["fix"]


def test_the_findings_of_a_plan(api: Api, root: Path, database: Database) -> None:
    write_revision(root, "four", "three", 'op.drop_column("t_three", "fax")')
    steps = api.post("/plans", {"database": str(database.pk), "command": "upgrade"})["steps"]
    assert [[finding["rule"] for finding in step["findings"]] for step in steps] == [[], [], [], ["AD102", "AD501"]]


def test_a_list_of_revisions_works_out_no_findings(api: Api, database: Database) -> None:
    assert all("findings" not in item for item in api.get("/projects/shop/revisions")["items"])
