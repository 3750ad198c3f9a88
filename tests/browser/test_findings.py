"""From a revision's SQL to a finding that blocks, is accepted, and is taken back: in a real browser, with a real worker."""

from typing import Any

import pytest

from tests.browser.conftest import Site

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def test_a_revision_asks_for_its_sql_by_itself_and_shows_it_when_it_is_there(full: Site, open_page: Any, watched: list[str]) -> None:
    page = open_page()
    page.goto(full.url("/projects/full/revisions/two/"))
    panel = page.get_by_role("region", name="SQL", exact=True)
    panel.get_by_text("CREATE TABLE t_two").wait_for()
    panel.get_by_role("link", name="MySQL and MariaDB").click()
    panel.get_by_role("region", name="SQL, mysql, upgrade").wait_for()
    panel.get_by_role("link", name="Downgrade").click()
    panel.get_by_role("region", name="SQL, mysql, downgrade").get_by_text("DROP TABLE t_two").wait_for()
    assert page.get_by_text("found there, not by a job").count() == 0
    assert watched == []


def test_sql_is_asked_for_without_javascript(full: Site, open_page: Any) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(full.url("/projects/full/revisions/one/"))
    page.get_by_role("button", name="Write the SQL").click()
    written = page.get_by_text("CREATE TABLE t_one")
    for _ in range(60):
        if written.count():
            break
        page.wait_for_timeout(500)
        page.get_by_role("link", name="refresh").click()
        page.reload()
    page.get_by_role("link", name="SQLite").click()
    assert page.get_by_role("region", name="SQL, sqlite, upgrade").is_visible()


def test_what_blocks_is_accepted_with_a_reason_and_taken_back(full: Site, open_page: Any, watched: list[str]) -> None:
    page = open_page()
    page.goto(full.url("/settings/environments/test/policy"))
    page.get_by_label("Approvals needed").fill("0")
    page.get_by_label("Rule 1", exact=True).select_option("AD101")
    page.get_by_label("Level of rule 1").select_option("block")
    page.get_by_text("Refused until somebody accepts it with a reason: what AD101 (table dropped) finds.").wait_for()
    page.get_by_role("button", name="Save the policy").click()
    page.wait_for_url(full.url("/settings/environments/test/"))
    try:
        plan = full.api.post("/plans", {"database": full.databases["test"], "command": "downgrade", "revision": "one"})
        page.goto(full.url(f"/plans/{plan['id']}/"))
        page.get_by_text("Cannot run yet: The policy of test refuses what was found.").wait_for()
        page.locator("details.finding > summary").first.click()
        page.get_by_role("link", name="Accept with a reason…").first.click()
        page.get_by_label("All that AD101 finds in this project").check()
        page.get_by_label("Why").fill("we never go back here")
        page.get_by_role("button", name="Accept this finding").click()
        page.wait_for_url(full.url(f"/plans/{plan['id']}/"))
        assert page.get_by_text("No finding blocks").is_visible()
        assert page.get_by_text("Cannot run yet").count() == 0
        page.goto(full.url("/projects/full/suppressions/"))
        assert page.get_by_text("we never go back here").is_visible()
        page.get_by_role("button", name="Take back").click()
        page.get_by_text("Nothing has been accepted").wait_for()
        page.goto(full.url(f"/plans/{plan['id']}/"))
        page.get_by_text("Cannot run yet: The policy of test refuses what was found.").wait_for()
    finally:
        full.api.call("DELETE", "/api/v1/environments/test/policy")
    assert watched == []
