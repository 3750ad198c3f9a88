"""Findings on the pages of plans and revisions, and in the API."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from environments.models import Database
from jobs import plans
from jobs.models import Plan
from migrations_store import suppressions
from tests.jobs.conftest import write_revision


@pytest.fixture
def plan(root: Path, admin: User, add_database: Callable[..., Database]) -> Plan:
    write_revision(root, "four", "three", 'op.drop_column("t_three", "fax")')
    return plans.make_plan(add_database(), user=admin, command="upgrade", revision="head")


def test_a_plan_shows_what_is_dangerous_and_the_safe_way(client: Client, plan: Plan) -> None:
    page = client.get(f"/plans/{plan.pk}/").content.decode()
    assert "1 error, 1 warning" in page
    assert "Drops column t_three.fax." in page
    assert "The safe way" in page


def test_an_accepted_finding_is_folded_with_its_reason(client: Client, plan: Plan, admin: User) -> None:
    given = {"rule": "AD102", "reason": "nobody <uses> it", "expires_at": None}
    suppressions.suppress(plan.database.project, user=admin, **given)
    page = client.get(f"/plans/{plan.pk}/").content.decode()
    assert "1 accepted" in page
    assert "Accepted by ada: nobody &lt;uses&gt; it" in page
    assert "1 error" not in page


def test_a_revision_shows_its_findings_with_links_to_their_lines(client: Client, plan: Plan) -> None:
    page = client.get("/projects/shop/revisions/four/").content.decode()
    assert "Drops column t_three.fax." in page
    line = page.split('href="#L')[1].split('"')[0]
    assert f'id="L{line}"' in page


def test_what_going_back_loses_is_folded(client: Client, plan: Plan) -> None:
    assert "1 of the downgrade" in client.get("/projects/shop/revisions/one/").content.decode()
