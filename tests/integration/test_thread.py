"""The main job, as a pipeline does it: register, plan, upgrade, downgrade, stamp, check, and read what was recorded."""

import pytest

from tests.integration.stage import Database
from tests.runner.projects import ENV, table
from tests.support.patience import eventually

pytestmark = pytest.mark.slow
MODELS = """\
import sqlalchemy as sa
target_metadata = sa.MetaData()
for name in ("one", "two", "four"):
    sa.Table(name, target_metadata, sa.Column("id", sa.Integer, primary_key=True))
"""


@pytest.fixture
def database(stage, world, target) -> Database:
    """Three revisions; the models want a fourth table and no third."""
    for name in ("one", "two", "three"):
        world.revision(name, f'print("making {name}")\n{table(name)}', f'op.drop_table("{name}")')
    world.write("migrations/env.py", ENV.replace("target_metadata = None", MODELS))
    return stage.add(world, target)


def planned(stage, database):
    """With its SQL, which an answer does without if the machine is so busy that it takes longer than a caller should wait."""

    def with_sql():
        plan = stage.api.post("/plans", {"database": database.id, "command": "upgrade", "revision": "head"})
        return plan if all(step["sql"] for step in plan["steps"]) else None

    return eventually(with_sql, 60, "the plan has its SQL", every=1)


def test_whole_thread(stage, database):
    plan = planned(stage, database)
    assert [step["revision"] for step in plan["steps"]] == ["one", "two", "three"]
    assert all(f"CREATE TABLE {step['revision']}" in step["sql"] for step in plan["steps"])
    assert database.target.version == []

    upgraded = database.run("upgrade", "head", plan_digest=plan["digest"])
    assert (upgraded["status"], upgraded["database_state"], upgraded["heads_after"]) == ("succeeded", "at_target", ["three"])
    assert (database.target.version, database.target.tables) == (["three"], ["one", "three", "two"])
    assert (database.shown["state"], database.shown["pending"]) == ("up_to_date", [])
    assert "making two" in stage.api.log(upgraded["id"])

    downgraded = database.run("downgrade", "-1")
    assert (downgraded["status"], downgraded["heads_after"]) == ("succeeded", ["two"])
    assert (database.target.version, database.target.tables) == (["two"], ["one", "two"])
    assert (database.shown["state"], database.shown["pending"]) == ("pending", ["three"])

    stamped = database.run("stamp", "head")
    assert (stamped["status"], database.target.version) == ("succeeded", ["three"])
    assert database.target.tables == ["one", "two"]

    checked = database.run("check", None)
    assert (checked["status"], checked["database_state"]) == ("succeeded", "unchanged")
    assert [(change["op"], change["table"]) for change in checked["changes"]] == [("add_table", "four")]

    entries = stage.api.every(f"/audit?object=job%20{upgraded['id']}")
    assert [entry["action"] for entry in entries] == ["job.request", "job.start", "job.finish"]
    assert stage.api.get("/audit/verification")["broken_at"] is None


def test_plan_that_is_no_longer_true_is_refused(stage, database):
    plan = stage.api.post("/plans", {"database": database.id, "command": "upgrade", "revision": "head"})
    database.run("upgrade", "one")
    body = {"database": database.id, "command": "upgrade", "revision": "head", "plan_digest": plan["digest"]}
    status, problem = stage.api.call("POST", "/api/v1/jobs", body)
    assert (status, problem["code"]) == (409, "plan_changed")
    assert database.target.version == ["one"]
