"""Proposals over HTTP: asked for, listed, shown."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from environments.models import Database
from jobs.proposals import work
from migrations_store.models import Proposal
from tests.api.conftest import Api

pytestmark = pytest.mark.django_db
ENTRY = {
    "kind": "column", "what": "removed", "schema": None, "table": "t", "name": "c", "before": "INTEGER NULL", "after": None,
    "text": "Gone.",
    "data_loss": "The values are lost.", "lock": "short", "lock_text": "", "rename_guess": "", "object": "t.c", "key": "column:t.c",
}  # fmt: skip
PYTHON = """# {}
from alembic import op

def upgrade():
    op.drop_column("t", "c")

def downgrade():
    pass
"""
WAYS = {"upgrade": {"sql": "ALTER TABLE t DROP COLUMN c;", "sql_unavailable": None}, "downgrade": {"sql": None, "sql_unavailable": "why"}}


def asked(api: Api, database: Database, **fields: Any) -> dict[str, Any]:
    body = {"database": str(database.pk), "message": "add a note"} | fields
    return api.post("/proposals", body, want=202)  # type: ignore[no-any-return]


def test_proposal_is_queued_with_what_was_asked_for(api: Api, database: Database) -> None:
    told = asked(api, database, revision_id="abc", head="one", depends_on=["two"])
    assert (told["status"], told["message"], told["against"], told["version"]) == ("queued", "add a note", "shop/dev", 0)
    proposal = Proposal.objects.get(pk=told["id"])
    assert (proposal.revision_id, proposal.options) == ("abc", {"head": "one", "depends_on": ["two"]})


def test_made_proposal_is_shown_with_its_newest_version(api: Api, database: Database) -> None:
    id = asked(api, database)["id"]
    proposal = Proposal.objects.get(pk=id)
    for number, sql in ((1, {}), (2, {"sqlite": WAYS})):
        file = {"revision": f"r{number}", "down_revisions": ["one"], "path": "v/r.py", "python": PYTHON.format(number), "sql": sql}
        proposal.versions.create(
            number=number, files=[file], changes=[ENTRY], red_flags=["Look!"], facts={"dialect": "sqlite"}, checksum="0" * 64
        )
    Proposal.objects.filter(pk=id).update(status="open")
    told = api.get(f"/proposals/{id}")
    assert (told["status"], told["version"], told["revision"], told["python"]) == ("open", 2, "r2", PYTHON.format(2))
    assert [(finding["revision"], finding["direction"], finding["object"]) for finding in told["findings"]] == [("r2", "upgrade", "t.c")]
    assert (told["sql"], told["dialects"]) == ("ALTER TABLE t DROP COLUMN c;", {"sqlite": WAYS})
    assert (told["changes"], told["red_flags"]) == ([ENTRY], ["Look!"])


def test_failed_proposal_says_why(api: Api, database: Database) -> None:
    id = asked(api, database)["id"]
    Proposal.objects.filter(pk=id).update(status="running", started_at="2020-01-01T00:00:00Z")
    work.sweep()
    told = api.get(f"/proposals/{id}")
    assert (told["status"], told["python"], told["error"]["code"]) == ("failed", None, "worker_lost")


def test_proposals_are_listed_by_pages_and_status(api: Api, database: Database) -> None:
    ids = [asked(api, database, message=f"number {number}")["id"] for number in range(3)]
    Proposal.objects.filter(pk=ids[0]).update(status="open")
    assert [row["id"] for row in api.get("/proposals?limit=2")["items"]] == ids[:0:-1]
    assert api.get("/proposals?project=shop&status=open")["count"] == 1
    assert api.call("GET", "/proposals?status=perhaps").status_code == 422
    assert api.call("GET", "/proposals?project=none").status_code == 404


def test_list_takes_the_same_number_of_queries_for_any_length(api: Api, database: Database) -> None:
    asked(api, database)
    counts = []
    for further in (0, 8):
        for number in range(further):
            asked(api, database, message=f"number {number}")
        counts.append(queries_of(api))
    assert counts[0] == counts[1]


def queries_of(api: Api) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert api.get("/proposals")["items"]
    return len(captured)
