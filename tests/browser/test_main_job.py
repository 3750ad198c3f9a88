"""The main job as a team lead does it, click by click; the same without JavaScript."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def register(page: Page, site: Site, slug: str) -> None:
    page.goto(site.url("/projects/new"))
    page.get_by_label("Slug").fill(slug)
    page.get_by_label("Directory", exact=True).fill(str(site.root))
    page.get_by_role("button", name="Add project").click()
    expect(page.get_by_role("heading", name=slug, level=1)).to_be_visible()


def add_database(page: Page, site: Site, slug: str, path: Path) -> None:
    sqlite3.connect(path).close()
    page.goto(site.url(f"/databases/new?project={slug}&environment=dev"))
    page.get_by_label("URL").fill(f"sqlite:///{path}")
    page.get_by_role("button", name="Add database").click()
    expect(page.get_by_role("heading", name="Now and next")).to_be_visible()


def plan(page: Page, command: str, revision: str) -> None:
    """From the database's page to the plan's."""
    page.goto(f"{page.url.split('?')[0]}plans/new?command={command}")
    page.get_by_label("Another revision").fill(revision)
    page.get_by_role("button", name="Make the plan").click()
    expect(page.get_by_role("heading", name="Gates")).to_be_visible()


def run(page: Page, button: str) -> None:
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", name="Log")).to_be_visible()


def versions(path: Path) -> list[str]:
    with sqlite3.connect(path) as connection:
        return [row[0] for row in connection.execute("SELECT version_num FROM alembic_version")]


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without"])
def test_the_main_job_works_in_the_browser(full: Site, open_page: Any, tmp_path: Path, watched: list[str], scripts: bool) -> None:
    page, slug, path = open_page(java_script_enabled=scripts), "clicks" if scripts else "plain", tmp_path / "dev.db"
    register(page, full, slug)
    add_database(page, full, slug, path)
    home = page.url
    for command, revision, button, at in (
        ("upgrade", "two", "Run 2", ["two"]),
        ("downgrade", "one", "Downgrade 1", ["one"]),
        ("stamp", "two", "Stamp", ["two"]),
    ):
        page.goto(home)
        plan(page, command, revision)
        run(page, button)
        finish(page, scripts)
        assert versions(path) == at
    assert watched == []


def finish(page: Page, scripts: bool) -> None:
    badge = page.locator("#job-state .badge").first
    for _ in range(1 if scripts else 40):
        if not scripts:
            page.wait_for_timeout(500)
            page.reload()
            if badge.inner_text().strip() != "Succeeded":
                continue
        expect(badge).to_have_text("Succeeded")
        return


def test_the_log_is_followed_live(full: Site, open_page: Any, tmp_path: Path, watched: list[str]) -> None:
    page, path = open_page(), tmp_path / "live.db"
    sqlite3.connect(path).close()
    database = full.api.post("/databases", {"project": "full", "environment": "dev", "name": "live", "url": f"sqlite:///{path}"})["id"]
    job = full.api.request(database, "upgrade", "three")
    page.goto(full.url(f"/jobs/{job}/"))
    expect(page.get_by_text("row 1", exact=True)).to_be_visible()
    expect(page.locator("#job-state .badge").first).to_have_text("Running")
    expect(page.locator("#job-state .badge").first).to_have_text("Succeeded")
    expect(page.get_by_text("row 4", exact=True)).to_be_visible()
    expect(page.locator("#log-poller")).to_have_count(0)
    assert watched == []


def test_a_running_job_is_canceled_by_a_click(full: Site, open_page: Any, tmp_path: Path) -> None:
    page, path = open_page(), tmp_path / "cancel.db"
    sqlite3.connect(path).close()
    database = full.api.post("/databases", {"project": "full", "environment": "dev", "name": "cancel", "url": f"sqlite:///{path}"})["id"]
    job = full.api.request(database, "upgrade", "three")
    page.goto(full.url(f"/jobs/{job}/"))
    page.get_by_text("row 0", exact=True).wait_for()
    page.get_by_role("button", name="Cancel…").click()
    page.get_by_label("Reason").fill("wrong moment")
    page.get_by_role("button", name=f"Cancel job {job}").click()
    expect(page.get_by_text("wrong moment").first).to_be_visible()
    expect(page.locator("#job-state .badge").first).to_have_text("Canceled")
    assert versions(path) == ["two"]


def test_a_wrong_form_says_what_is_wrong_at_the_field(full: Site, open_page: Any) -> None:
    page = open_page()
    page.goto(full.url("/projects/new"))
    page.get_by_label("Slug").fill("Not a slug")
    page.get_by_label("Directory", exact=True).fill("relative/path")
    page.get_by_role("button", name="Add project").click()
    expect(page.locator("#id_slug[aria-invalid=true]")).to_be_visible()
    expect(page.locator("#id_path_error")).to_contain_text("absolute")


def test_signing_out_ends_the_session(full: Site, open_page: Any, browser: Any) -> None:
    from tests.browser.conftest import sign_in

    page = open_page(storage_state=None)
    sign_in(page, full)
    page.get_by_label("Account of").click()
    page.get_by_role("button", name="Sign out").click()
    page.goto(full.url("/jobs/"))
    expect(page).to_have_url(full.url("/sign-in?next=/jobs/"))
