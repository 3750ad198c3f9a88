"""The history in a browser: the slider by itself and without scripts, the map, and a comparison whose SQL is written while one looks."""

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Site

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_history_and_comparison_in_one_walk(full: Site, open_page: Any, watched: list[str]) -> None:
    page = open_page()
    page.goto(full.url("/projects/full/"))
    slider = page.get_by_role("slider", name="Moment")
    slider.focus()
    page.keyboard.press("Home")
    expect(page.get_by_role("heading", name="As of")).to_be_visible()
    expect(page.get_by_text("Before the first move that was seen.")).to_be_visible()
    page.get_by_role("link", name="One move later").click()
    expect(page.get_by_text("1 move ago")).to_be_visible()
    expect(page.locator("h1 ~ .actions .primary")).to_have_count(0)
    page.get_by_role("link", name="Back to now").click()
    expect(page.get_by_role("heading", name="As of")).to_have_count(0)
    page.locator(".map a").last.click()
    expect(page.locator("tr.sel#r-one")).to_be_visible()
    page.get_by_role("searchbox").fill("create")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="In place").click()
    expect(page.locator("tr.found")).to_have_count(3)
    page.get_by_role("navigation", name="Project").get_by_role("link", name="Compare").click()
    page.get_by_role("link", name="dev … test").click()
    page.get_by_role("button", name="Write the SQL of").click()
    expect(page.get_by_role("link", name="Download .sql")).to_be_visible()
    expect(page.get_by_role("region", name="SQL", exact=True)).to_contain_text("CREATE TABLE t_three")
    page.get_by_role("link", name="Promote").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("test")
    assert watched == []


def test_the_slider_works_without_scripts(full: Site, open_page: Any) -> None:
    page = open_page(java_script_enabled=False)
    page.goto(full.url("/projects/full/"))
    page.get_by_role("slider", name="Moment").focus()
    page.keyboard.press("Home")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_text("Before the first move that was seen.")).to_be_visible()
