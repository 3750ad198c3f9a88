"""Promotions and rollbacks by program."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Role, User
from environments.models import Database, Environment
from jobs.models import Job, Promotion
from tests.api.conftest import Api, problem_of, stamp, token_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def databases(
    database: Database, add_database: Callable[..., Database], add_environment: Callable[..., Environment]
) -> dict[str, Database]:
    """dev is at two; test and prod have nothing; prod asks for an approval."""
    stamp(database, "two")
    test, prod = add_environment("test", 2), add_environment("prod", 3, protected=True)
    return {"dev": database, "test": add_database(test), "prod": add_database(prod)}


def test_promotion_answers_the_plan_and_the_job(api: Api, databases: dict[str, Database]) -> None:
    found = api.post("/promotions", {"project": "shop", "from": "dev", "to": "test", "revision": None})
    assert ([step["revision"] for step in found["plan"]["steps"]], found["job"]["status"]) == (["one", "two"], "queued")
    assert [(stage["environment"], stage["status"]) for stage in found["stages"]] == [("test", "requested")]
    assert api.get(f"/promotions/{found['id']}")["goal"] == ["two"]
    assert api.get("/promotions")["count"] == 1


def test_gate_that_only_waits_is_accepted(api: Api, databases: dict[str, Database]) -> None:
    found = api.post("/promotions", {"project": "shop", "from": "dev", "to": "prod", "revision": "one", "run_when_approved": False})
    assert (found["job"]["status"], found["goal"]) == ("awaiting_approval", ["one"])


def test_chain_names_its_stages(api: Api, databases: dict[str, Database]) -> None:
    found = api.post("/promotions", {"project": "shop", "from": "dev", "through": ["test"], "to": "prod"}, idempotency_key="once")
    assert [(stage["environment"], stage["status"]) for stage in found["stages"]] == [("test", "requested"), ("prod", "waiting")]
    again = api.post("/promotions", {"project": "shop", "from": "dev", "through": ["test"], "to": "prod"}, idempotency_key="once")
    assert again["id"] == found["id"]


def test_several_projects_say_what_was_refused(api: Api, databases: dict[str, Database], tmp_path: Any, root: Any) -> None:
    api.post("/projects", {"slug": "crm", "source": {"kind": "directory", "path": str(root)}})
    found = api.post("/promotions", {"projects": ["shop", "crm"], "from": "dev", "to": "test"})
    assert [promotion["project"] for promotion in found["promotions"]] == ["shop"]
    assert found["id"] == found["promotions"][0]["id"]
    assert found["refused"] == [{"what": "crm from dev to test", "why": "crm has no database in dev. Add one first."}]


def test_rollback_of_a_protected_environment_is_confirmed(api: Api, databases: dict[str, Database]) -> None:
    stamp(databases["prod"], "two")
    body: dict[str, Any] = {"database": str(databases["prod"].pk), "revision": "one"}
    found = problem_of(api.call("POST", "/rollbacks", body))
    assert set(found["errors"]) == {"confirm", "reason", "accept_data_loss"}
    lost = [f"two {loss['what']} {loss['object']}" for loss in api.post("/plans", body | {"command": "downgrade"})["steps"][0]["data_loss"]]
    made = api.post("/rollbacks", body | {"confirm": "prod", "reason": "too slow", "accept_data_loss": lost})
    assert (made["kind"], made["job"]["status"], made["job"]["command"]) == ("rollback", "awaiting_approval", "downgrade")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/promotions", {"from": "dev", "to": "test"}),
        ("/promotions", {"project": "shop", "projects": ["shop"], "from": "dev", "to": "test"}),
        ("/promotions", {"projects": [], "from": "dev", "to": "test"}),
        ("/promotions", {"projects": ["shop"], "from": "dev", "to": "test", "plan_digest": "0" * 64}),
        ("/promotions", {"project": "shop", "from": "dev", "to": "test", "plan_digest": "0" * 64}),
        ("/promotions", {"project": "shop", "from": "dev", "to": "prod", "through": ["prod"]}),
        ("/promotions", {"project": "shop", "from": "test", "to": "dev", "through": ["prod"]}),
        ("/promotions", {"project": "shop", "from": "dev", "to": "test", "not_before": "2000-01-01T00:00:00Z"}),
        ("/promotions", {"project": "shop", "from": "dev", "to": "test", "not_before": "2999-01-01T00:00:00"}),
        ("/promotions", {"project": "shop", "from": "dev", "to": "test", "in_window": True}),
        ("/promotions", {"project": "shop", "from": "dev", "to": "test", "through": ["none"]}),
        ("/promotions", {"project": "shop", "from": "dev", "to": "prod", "break_glass": True}),
        ("/promotions", {"project": "shop", "from": "dev", "to": "test", "name": "eu"}),
        ("/rollbacks", {"database": "DEV"}),
        ("/rollbacks", {"database": "DEV", "revision": "base", "before_job": "1"}),
        ("/rollbacks", {"database": "DEV", "before_job": "x"}),
        ("/rollbacks", {"database": "DEV", "before_job": "99"}),
        ("/rollbacks", {"database": "DEV", "revision": "three"}),
    ],
)
def test_what_makes_no_sense_is_refused(api: Api, databases: dict[str, Database], path: str, body: dict[str, Any]) -> None:
    problem_of(api.call("POST", path, {name: str(databases["dev"].pk) if value == "DEV" else value for name, value in body.items()}))
    assert not Promotion.objects.exists()
    assert not Job.objects.exists()


def test_what_lies_outside_ones_reach_is_not_there(api: Api, databases: dict[str, Database]) -> None:
    made = api.post("/promotions", {"project": "shop", "from": "dev", "to": "test"})
    nobody = Api(token_of(User.objects.create_user("nora", password="correct horse", role=Role.NONE)))
    assert problem_of(nobody.call("GET", f"/promotions/{made['id']}"))["status"] in (403, 404)
    for id in ("99", "x", "-1", "٣"):
        assert problem_of(api.call("GET", f"/promotions/{id}"))["status"] == 404
